//! Connections whose clients are slow: how long a head may take, how long a connection may lie idle, and how long an answer may wait to be read.
//!
//! The body of a request has its own limit, in `server`. What is between is the time of the service.

use crate::fault::Fault;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use std::future::Future;
use std::io::{Error, ErrorKind, IoSlice, Result};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, Sleep, sleep_until};

/// How long a connection that was of use may wait for its next request.
const IDLE: Duration = Duration::from_secs(75);
/// How long an answer may wait until its client reads on.
const STALLED: Duration = Duration::from_secs(30);

/// The listener, whose connections end when their clients are too slow.
pub struct Paced {
    /// Where connections come from.
    pub listener: TcpListener,
    /// How long a head may take.
    pub slowest: Duration,
}

/// Who sends the requests of a connection.
#[derive(Clone)]
pub struct Peer {
    /// The address.
    pub address: SocketAddr,
    answering: Arc<AtomicUsize>,
}

/// A request of a connection that is being answered.
pub struct Answering(Arc<AtomicUsize>);

impl Peer {
    /// From now on until what comes back is dropped the connection waits for the service, and not for its client.
    #[must_use]
    pub fn answering(&self) -> Answering {
        self.answering.fetch_add(1, Ordering::Relaxed);
        Answering(Arc::clone(&self.answering))
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Listener for Paced {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.listener).await;
        (Connection::new(stream, self.slowest), address)
    }

    fn local_addr(&self) -> Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Connected<IncomingStream<'_, Paced>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Paced>) -> Peer {
        Peer { address: *stream.remote_addr(), answering: Arc::clone(&stream.io().answering) }
    }
}

/// A connection.
pub struct Connection {
    stream: TcpStream,
    slowest: Duration,
    /// Requests that are being answered.
    answering: Arc<AtomicUsize>,
    /// No request was answered yet.
    fresh: bool,
    /// Bytes came since the last answer.
    heard: bool,
    /// When the wait for the client ends, where it is waited for.
    reading: Option<Pin<Box<Sleep>>>,
    /// When the wait for the client to read ends, where it is waited for.
    writing: Option<Pin<Box<Sleep>>>,
}

/// Waits until so long after the first wait; then it is too late.
fn late(timer: &mut Option<Pin<Box<Sleep>>>, time: Duration, cx: &mut Context<'_>) -> bool {
    let timer = timer.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + time)));
    timer.as_mut().poll(cx).is_ready()
}

/// What the service says of itself in the header `Server` of all that it answers.
pub const SERVER: &str = "bfv-serve";
/// The statuses with which the library answers what is no request.
const BARE: [&str; 3] = ["400 Bad Request", "414 URI Too Long", "431 Request Header Fields Too Large"];

/// The status of an answer that the library made by itself: a head alone, in which the service does not say that it was asked. All that the
/// service answers says so, and no body of it holds the end of a line of HTTP.
fn bare(bytes: &[u8]) -> Option<&'static str> {
    let text = std::str::from_utf8(bytes).ok()?;
    let lines = text.strip_suffix("\r\n\r\n").filter(|lines| !lines.contains("\r\n\r\n"))?;
    let (status, headers) = lines.split_once("\r\n")?;
    let asked = |h: &str| h.split_once(':').is_some_and(|(name, _)| name.eq_ignore_ascii_case("server"));
    let says = status.strip_prefix("HTTP/1.1 ").filter(|_| !headers.split("\r\n").any(asked))?;
    BARE.into_iter().find(|status| *status == says)
}

impl Connection {
    fn new(stream: TcpStream, slowest: Duration) -> Connection {
        let answering = Arc::default();
        Connection { stream, slowest, answering, fresh: true, heard: false, reading: None, writing: None }
    }

    /// Says why the connection ends, as far as it can be written at once. The client has not sent a whole head, so nothing else is being written.
    fn refuse(&self, fault: &Fault, says: &str) {
        let body = fault.body(None).to_string();
        let head =
            format!("{says}\r\nServer: {SERVER}\r\nContent-Type: application/problem+json\r\nConnection: close\r\n");
        let text = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
        // Who is too slow to read misses it.
        self.stream.try_write(text.as_bytes()).ok();
    }

    /// Where what is read is no HTTP, the library answers by itself, with a status alone. What is wrong, and how to mend it, is said here in its place.
    fn instead(&self, bytes: &[u8]) -> bool {
        let Some(says) = bare(bytes) else { return false };
        self.refuse(&Fault::no_http(says), &format!("HTTP/1.1 {says}"));
        true
    }

    /// What came of writing: an answer is on its way.
    fn wrote(&mut self, done: Poll<Result<usize>>, cx: &mut Context<'_>) -> Poll<Result<usize>> {
        (self.fresh, self.heard, self.reading) = (false, false, None);
        if done.is_ready() {
            self.writing = None;
        } else if late(&mut self.writing, STALLED, cx) {
            return Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "the client does not read")));
        }
        done
    }
}

impl AsyncRead for Connection {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let done = Pin::new(&mut this.stream).poll_read(cx, buf);
        if this.answering.load(Ordering::Relaxed) > 0 {
            this.reading = None;
            return done;
        }
        if done.is_ready() {
            if buf.filled().len() > before && !std::mem::replace(&mut this.heard, true) {
                // The time of a head begins with its first byte.
                this.reading = None;
            }
            return done;
        }
        let time = if this.heard || this.fresh { this.slowest } else { IDLE };
        if !late(&mut this.reading, time, cx) {
            return Poll::Pending;
        }
        if this.heard {
            this.refuse(&Fault::slow_head(this.slowest.as_secs()), "HTTP/1.1 408 Request Timeout");
        }
        Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "the client sends nothing")))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let this = self.get_mut();
        if this.instead(bytes) {
            return this.wrote(Poll::Ready(Ok(bytes.len())), cx);
        }
        let done = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.wrote(done, cx)
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, all: &[IoSlice<'_>]) -> Poll<Result<usize>> {
        let this = self.get_mut();
        if all.first().is_some_and(|first| this.instead(first)) {
            return this.wrote(Poll::Ready(Ok(all.iter().map(|s| s.len()).sum())), cx);
        }
        let done = Pin::new(&mut this.stream).poll_write_vectored(cx, all);
        this.wrote(done, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
