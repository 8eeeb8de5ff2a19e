//! The threads that work on requests. Each has its own library, for terms are not shared between threads.

use crate::fault::Fault;
use crate::memory::Memory;
use crate::sheet;
use crate::solve::Limits;
use crate::tasks;
use crate::wire::{Piece, Request};
use bfv_driver::Desk;
use serde_json::Value;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use tokio::sync::mpsc::UnboundedSender;

/// Elaboration and the kernel recurse on what people write, within limits that this stack can bear.
pub const STACK: usize = 1 << 30;
/// Most libraries that a thread keeps: one for each choice of imports.
const DESKS: usize = 4;

/// What is told of a request.
#[derive(Clone, Debug)]
pub enum Event {
    /// A suggestion, before the answer.
    Suggestion(Value),
    /// The answer. Nothing comes after it.
    Answer(Value),
    /// Why there is no answer. Nothing comes after it.
    Fault(Fault),
}

/// A request that waits for a thread.
pub struct Job {
    /// What is asked.
    pub request: Request,
    /// Its id.
    pub id: String,
    /// How long it may be worked on.
    pub limits: Limits,
    /// Who waits.
    pub out: UnboundedSender<Event>,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    closed: bool,
}

/// The threads and what waits for them.
pub struct Pool {
    queue: Mutex<Queue>,
    wake: Condvar,
    most: usize,
    /// Threads that have loaded the library.
    warm: AtomicUsize,
    /// Threads that are at work.
    busy: AtomicUsize,
    threads: Mutex<Vec<JoinHandle<()>>>,
    workers: usize,
    /// What was found before, for all threads.
    pub memory: Memory,
}

/// What is behind the lock is whole at any time, also where somebody panicked.
fn locked<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    /// Starts threads. At most `most` requests wait.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(workers: usize, most: usize, memory: Memory) -> std::io::Result<Arc<Pool>> {
        let pool = Arc::new(Pool {
            queue: Mutex::default(),
            wake: Condvar::new(),
            most,
            warm: AtomicUsize::new(0),
            busy: AtomicUsize::new(0),
            threads: Mutex::default(),
            workers,
            memory,
        });
        for _ in 0..workers {
            let own = Arc::clone(&pool);
            let thread = Builder::new().stack_size(STACK).spawn(move || own.work())?;
            locked(&pool.threads).push(thread);
        }
        Ok(pool)
    }

    /// Hands in a request.
    ///
    /// # Errors
    /// Too many wait already, or the service is about to end.
    pub fn submit(&self, job: Job) -> Result<(), Fault> {
        let mut queue = locked(&self.queue);
        if queue.closed || queue.jobs.len() >= self.most {
            return Err(Fault::busy());
        }
        queue.jobs.push_back(job);
        self.wake.notify_one();
        Ok(())
    }

    /// Whether every thread has loaded the library.
    pub fn is_ready(&self) -> bool {
        self.warm.load(Ordering::Relaxed) >= self.workers && !locked(&self.queue).closed
    }

    /// How many requests wait, and how many are worked on.
    pub fn load(&self) -> (usize, usize) {
        (locked(&self.queue).jobs.len(), self.busy.load(Ordering::Relaxed))
    }

    /// Ends the threads after what was handed in is answered.
    pub fn close(&self) {
        locked(&self.queue).closed = true;
        self.wake.notify_all();
        let threads = std::mem::take(&mut *locked(&self.threads));
        for thread in threads {
            // A thread catches every panic of a request, and has nothing to say at its end.
            thread.join().ok();
        }
    }

    fn next(&self) -> Option<Job> {
        let mut queue = locked(&self.queue);
        loop {
            if let Some(job) = queue.jobs.pop_front() {
                return Some(job);
            }
            if queue.closed {
                return None;
            }
            queue = self.wake.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn work(&self) {
        let mut desks = Desks::default();
        // Where the library has a mistake, every request says so.
        desks.of(&Request::usual_imports()).ok();
        self.warm.fetch_add(1, Ordering::Relaxed);
        while let Some(job) = self.next() {
            self.busy.fetch_add(1, Ordering::Relaxed);
            let done = catch_unwind(AssertUnwindSafe(|| answer(&mut desks, &self.memory, &job)));
            let event = match done {
                Ok(Ok(value)) => Event::Answer(value),
                Ok(Err(fault)) => Event::Fault(fault),
                Err(_) => {
                    // What was left half done is not used again.
                    desks = Desks::default();
                    Event::Fault(Fault::internal(
                        "The service stopped working on this because of a mistake of its own.",
                    ))
                }
            };
            // Who went away needs no answer.
            job.out.send(event).ok();
            self.busy.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

fn answer(desks: &mut Desks, memory: &Memory, job: &Job) -> Result<Value, Fault> {
    // Nothing is loaded for a request that nobody waits for.
    if job.limits.check().is_err() {
        return tasks::ended(&job.request, &job.id, &job.limits);
    }
    let desk = match &job.request.declarations {
        Some(text) => desks.given(&job.request.imports, text, &job.limits)?,
        None => desks.of(&job.request.imports)?,
    };
    tasks::answer(desk, memory, &job.request, &job.id, &job.limits, &mut |suggestion| {
        job.out.send(Event::Suggestion(suggestion)).ok();
    })
}

/// Most libraries with declarations of clients that a thread keeps. A client asks many questions over the same declarations.
const GIVEN: usize = 4;

/// Libraries by what they import, and those with declarations of clients by these too; the one used last stands last.
#[derive(Default)]
struct Desks {
    plain: Vec<(Vec<String>, Desk)>,
    given: Vec<((Vec<String>, String), Desk)>,
}

impl Desks {
    fn of(&mut self, imports: &[String]) -> Result<&mut Desk, Fault> {
        last_of(
            &mut self.plain,
            DESKS,
            |known| known == imports,
            || {
                let desk = Desk::open(bfv_engines::ENGINES, imports).map_err(|problems| {
                    let first = problems.first().map(|p| Fault::from_problem(p, "imports".to_owned()));
                    first.unwrap_or_else(|| Fault::internal("The library was refused without a reason."))
                })?;
                Ok((imports.to_vec(), desk))
            },
        )
    }

    /// The same with declarations, which are checked when they come for the first time. Where they stand in the request changes only messages.
    fn given(&mut self, imports: &[String], text: &Piece, limits: &Limits) -> Result<&mut Desk, Fault> {
        let known = |(i, t): &(Vec<String>, String)| i == imports && *t == text.text;
        let mut made = None;
        if !self.given.iter().any(|(key, _)| known(key)) {
            let desk = self.of(imports)?;
            desk.heed(Some(Arc::clone(&limits.cancelled)));
            made = Some(sheet::declared(desk, text)?);
        }
        last_of(&mut self.given, GIVEN, known, || {
            let desk = made.ok_or_else(|| Fault::internal("A library was lost."))?;
            Ok(((imports.to_vec(), text.text.clone()), desk))
        })
    }
}

/// The entry that is meant, made where it is not there, and moved to the end of a list of at most so many.
fn last_of<K>(
    list: &mut Vec<(K, Desk)>,
    most: usize,
    meant: impl Fn(&K) -> bool,
    make: impl FnOnce() -> Result<(K, Desk), Fault>,
) -> Result<&mut Desk, Fault> {
    let entry = match list.iter().position(|(key, _)| meant(key)) {
        Some(at) => list.remove(at),
        None => make()?,
    };
    if list.len() >= most {
        list.remove(0);
    }
    list.push(entry);
    let last = list.last_mut().map(|(_, desk)| desk);
    last.ok_or_else(|| Fault::internal("A library was lost."))
}
