//! A worker as a process of its own, which writes envelopes into a pipe. It is not trusted: it may write anything, end at any time, or never.

use crate::envelopes::{Came, from_stream};
use bfv_cert::Refusal;
use std::io::Read;
use std::ops::ControlFlow;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel, sync_channel};
use std::time::Duration;

/// How many envelopes may wait to be judged.
const WAITING: usize = 2;
/// How much is kept of what a worker complains about, in bytes.
const COMPLAINT: u64 = 1 << 10;
/// How long a worker that has closed its output may take to end, or to end its complaint: so many times this long.
const PATIENCE: u32 = 100;
const MOMENT: Duration = Duration::from_millis(20);

/// What came out of the pipe.
pub enum Next {
    /// The bytes of an envelope.
    Envelope(Vec<u8>),
    /// Bytes that begin no envelope.
    Malformed(Refusal),
    /// The pipe was closed.
    End,
    /// Nothing came for as long as was waited.
    Silence,
}

/// A worker that runs.
pub struct Worker {
    child: Child,
    envelopes: Receiver<Result<Vec<u8>, Refusal>>,
    complaint: Receiver<String>,
}

/// How a worker ended.
pub enum End {
    /// With this code.
    Code(i32),
    /// By a signal.
    Signal,
    /// It had closed its output and went on, so it was stopped.
    Stopped,
}

impl Worker {
    /// Starts it.
    ///
    /// # Errors
    /// The program cannot be started.
    pub fn start(mut command: Command) -> std::io::Result<Worker> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let (send, envelopes) = sync_channel(WAITING);
        if let Some(output) = child.stdout.take() {
            // It ends with the pipe, or when nobody listens any more.
            std::thread::spawn(move || {
                let mut take = |came: Came<'_>| match send.send(came.read.map(|(_, bytes)| bytes.to_vec())) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(_) => ControlFlow::Break(()),
                };
                // A pipe that cannot be read is one that has ended.
                let _ended = from_stream(output, &mut take);
            });
        }
        let (tell, complaint) = channel();
        if let Some(mut errors) = child.stderr.take() {
            std::thread::spawn(move || {
                let mut bytes = Vec::new();
                let _some = errors.by_ref().take(COMPLAINT).read_to_end(&mut bytes);
                let _heard = tell.send(String::from_utf8_lossy(&bytes).into_owned());
                // The rest is read too: otherwise the worker would wait for it.
                let _rest = std::io::copy(&mut errors, &mut std::io::sink());
            });
        }
        Ok(Worker { child, envelopes, complaint })
    }

    /// What comes next, within this time.
    pub fn next(&self, limit: Duration) -> Next {
        match self.envelopes.recv_timeout(limit) {
            Ok(Ok(bytes)) => Next::Envelope(bytes),
            Ok(Err(refusal)) => Next::Malformed(refusal),
            Err(RecvTimeoutError::Timeout) => Next::Silence,
            Err(RecvTimeoutError::Disconnected) => Next::End,
        }
    }

    /// How it ended, after its pipe did, and its complaint. What it has started may hold the latter open, so nothing waits for ever.
    pub fn ended(mut self) -> (End, String) {
        let mut status = None;
        for _ in 0..PATIENCE {
            // What cannot be asked is stopped below.
            status = self.child.try_wait().ok().flatten();
            if status.is_some() {
                break;
            }
            std::thread::sleep(MOMENT);
        }
        let end = match status.map(|status| status.code()) {
            Some(Some(code)) => End::Code(code),
            Some(None) => End::Signal,
            None => End::Stopped,
        };
        let complaint = self.complaint.recv_timeout(MOMENT.saturating_mul(PATIENCE)).unwrap_or_default();
        (end, complaint)
    }
}

impl Drop for Worker {
    /// Nobody listens any more, so it is stopped, whatever it does.
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}
