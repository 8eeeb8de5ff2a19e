//! The threads that work on requests. Each has its own library, for terms are not shared between threads.

use crate::fault::Fault;
use crate::memory::Memory;
use crate::parts::{self, Begun, Hands, Part, Search};
use crate::sheet;
use crate::solve::{Limits, Stop};
use crate::suggest::{self, Said};
use crate::tasks::{self, Around, Reply};
use crate::wire::{Goal, Kind, Piece, Question, Request};
use bfv_driver::Desk;
use serde_json::Value;
use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Instant;
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
    /// The answer, as JSON. Nothing comes after it.
    Answer(String),
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
    /// The suggestions so far. An answer that comes when the time is over is made of them.
    pub found: Found,
    /// Whether suggestions are sent as they are found. Otherwise nobody is woken up for them.
    pub streams: bool,
}

/// Suggestions that were found for one request.
pub type Found = Arc<Mutex<Vec<Value>>>;

impl Job {
    fn tell(&self, suggestion: Value) {
        if self.streams {
            // Who went away needs no suggestion.
            self.out.send(Event::Suggestion(suggestion.clone())).ok();
        }
        locked(&self.found).push(suggestion);
    }
}

/// What a thread can do.
enum Work {
    /// Answer a request.
    Answer(Arc<Job>),
    /// Help with the goals of one.
    Goals(Arc<Group<Said>>),
    /// Help with the parts of one proof.
    Parts(Arc<Group<Part>>, Search),
}

/// Goals of one request, of which each thread takes one after another.
struct Group<T> {
    job: Arc<Job>,
    goals: Vec<Goal>,
    /// The next goal that nobody has taken.
    next: AtomicUsize,
    /// Threads that took one.
    threads: AtomicUsize,
    done: Mutex<Done<T>>,
    all: Condvar,
}

/// What came of each goal of a group, and how many are done.
type Done<T> = (Vec<Option<Result<T, Stop>>>, usize);

/// A goal that a thread has taken. It is done in the end, also where the thread panics.
struct Taken<'g, T>(&'g Group<T>);

impl<T> Drop for Taken<'_, T> {
    fn drop(&mut self) {
        locked(&self.0.done).1 += 1;
        self.0.all.notify_all();
    }
}

impl<T> Group<T> {
    fn new(job: &Arc<Job>, goals: Vec<Goal>) -> Arc<Group<T>> {
        let done = Mutex::new((goals.iter().map(|_| None).collect(), 0));
        let (next, threads) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Arc::new(Group { job: Arc::clone(job), goals, next, threads, done, all: Condvar::new() })
    }

    /// Takes goals until there are none left.
    fn work(&self, mut one: impl FnMut(&Goal) -> Result<T, Stop>) {
        let mut first = true;
        loop {
            let at = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(goal) = self.goals.get(at) else { return };
            let taken = Taken(self);
            if std::mem::take(&mut first) {
                self.threads.fetch_add(1, Ordering::Relaxed);
            }
            let done = one(goal);
            if let Some(place) = locked(&self.done).0.get_mut(at) {
                *place = Some(done);
            }
            drop(taken);
        }
    }

    /// What came of the goals, once every one is done.
    fn results(&self) -> Result<Vec<T>, Stop> {
        let mut done = locked(&self.done);
        while done.1 < self.goals.len() {
            done = self.all.wait(done).unwrap_or_else(PoisonError::into_inner);
        }
        let lost = || Stop::from(Fault::internal("A goal was left because of a mistake of the service."));
        std::mem::take(&mut done.0).into_iter().map(|one| one.unwrap_or_else(|| Err(lost()))).collect()
    }
}

/// The threads of a pool, for the parts of one request.
struct Helpers<'p> {
    pool: &'p Pool,
    job: &'p Arc<Job>,
    /// The most threads that worked on it at once.
    threads: Cell<usize>,
}

impl Hands for Helpers<'_> {
    fn free(&self) -> bool {
        !locked(&self.pool.queue).idle.is_empty()
    }

    fn begin(&self, parts: Vec<Goal>, search: Search) -> Box<dyn Begun + '_> {
        let most = parts.len();
        let group = Group::new(self.job, parts);
        // Who is not free now does not come later.
        let (_, free) = locked(&self.pool.queue).hand((1..most).map(|_| Work::Parts(Arc::clone(&group), search)));
        self.pool.wake(free);
        Box::new(Underway { helpers: self, group, search })
    }
}

/// Parts of one request that were handed out.
struct Underway<'p> {
    helpers: &'p Helpers<'p>,
    group: Arc<Group<Part>>,
    search: Search,
}

impl Begun for Underway<'_> {
    fn end(self: Box<Self>, desk: &mut Desk) -> Result<Vec<Part>, Stop> {
        let Helpers { job, threads, .. } = self.helpers;
        self.group.work(|goal| parts::end(desk, goal, &job.limits, self.search));
        let done = self.group.results();
        threads.set(threads.get().max(self.group.threads.load(Ordering::Relaxed)));
        done
    }
}

impl Drop for Underway<'_> {
    fn drop(&mut self) {
        // Parts that nobody has taken are needed by nobody. Those at work end with the request.
        self.group.next.fetch_max(self.group.goals.len(), Ordering::Relaxed);
    }
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Work>,
    /// Threads that have nothing to do, the latest one last, and what each of them was handed.
    idle: Vec<usize>,
    handed: BTreeMap<usize, Work>,
    closed: bool,
}

impl Queue {
    /// How many requests wait. Goals of one that is worked on are not among them.
    fn waiting(&self) -> usize {
        self.jobs.iter().filter(|w| matches!(w, Work::Answer(_))).count()
    }

    /// Hands work to the threads that became idle last, which have the library of the latest request at hand. What nobody is there for comes back, with
    /// the threads that are to be woken.
    fn hand(&mut self, work: impl IntoIterator<Item = Work>) -> (Vec<Work>, Vec<usize>) {
        let (mut left, mut free) = (Vec::new(), Vec::new());
        for work in work {
            match self.idle.pop() {
                Some(thread) => {
                    self.handed.insert(thread, work);
                    free.push(thread);
                }
                None => left.push(work),
            }
        }
        (left, free)
    }
}

/// The threads and what waits for them.
pub struct Pool {
    queue: Mutex<Queue>,
    /// One for each thread.
    wake: Vec<Condvar>,
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
            wake: (0..workers).map(|_| Condvar::new()).collect(),
            most,
            warm: AtomicUsize::new(0),
            busy: AtomicUsize::new(0),
            threads: Mutex::default(),
            workers,
            memory,
        });
        for number in 0..workers {
            let own = Arc::clone(&pool);
            let thread = Builder::new().stack_size(STACK).spawn(move || own.work(number))?;
            locked(&pool.threads).push(thread);
        }
        Ok(pool)
    }

    /// Hands in a request.
    ///
    /// # Errors
    /// Too many wait already, or the service is about to end.
    pub fn submit(&self, job: Job) -> Result<(), Fault> {
        let free = {
            let mut queue = locked(&self.queue);
            if queue.closed || queue.waiting() >= self.most {
                return Err(Fault::busy());
            }
            let (left, free) = queue.hand([Work::Answer(Arc::new(job))]);
            queue.jobs.extend(left);
            free
        };
        self.wake(free);
        Ok(())
    }

    /// Wakes threads that were handed work. Whoever still held the queue would make them wait for it at once.
    fn wake(&self, threads: Vec<usize>) {
        threads.into_iter().filter_map(|n| self.wake.get(n)).for_each(Condvar::notify_one);
    }

    /// Whether every thread has loaded the library.
    pub fn is_ready(&self) -> bool {
        self.warm.load(Ordering::Relaxed) >= self.workers && !locked(&self.queue).closed
    }

    /// How many requests wait, and how many are worked on.
    pub fn load(&self) -> (usize, usize) {
        (locked(&self.queue).waiting(), self.busy.load(Ordering::Relaxed))
    }

    /// Ends the threads after what was handed in is answered.
    pub fn close(&self) {
        locked(&self.queue).closed = true;
        self.wake.iter().for_each(Condvar::notify_one);
        let threads = std::mem::take(&mut *locked(&self.threads));
        for thread in threads {
            // A thread catches every panic of a request, and has nothing to say at its end.
            thread.join().ok();
        }
    }

    /// What a thread does next; nothing at the end.
    fn next(&self, number: usize) -> Option<Work> {
        let mut queue = locked(&self.queue);
        loop {
            if let Some(work) = queue.handed.remove(&number).or_else(|| queue.jobs.pop_front()) {
                queue.idle.retain(|n| *n != number);
                return Some(work);
            }
            if queue.closed {
                return None;
            }
            if !queue.idle.contains(&number) {
                queue.idle.push(number);
            }
            let wake = self.wake.get(number)?;
            queue = wake.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn work(&self, number: usize) {
        let mut desks = Desks::default();
        // Where the library has a mistake, every request says so.
        desks.of(&Request::usual_imports()).ok();
        self.warm.fetch_add(1, Ordering::Relaxed);
        while let Some(work) = self.next(number) {
            self.busy.fetch_add(1, Ordering::Relaxed);
            let done = catch_unwind(AssertUnwindSafe(|| match &work {
                Work::Answer(job) => Some(self.answer(&mut desks, job)),
                Work::Goals(group) => {
                    self.help(&mut desks, group);
                    None
                }
                Work::Parts(group, search) => {
                    let limits = &group.job.limits;
                    group
                        .work(|goal| parts::end(desks.for_request(&group.job.request, limits)?, goal, limits, *search));
                    None
                }
            }));
            if done.is_err() {
                // What was left half done is not used again.
                desks = Desks::default();
            }
            let event = match done {
                Ok(Some(Ok(text))) => Some(Event::Answer(text)),
                Ok(Some(Err(fault))) => Some(Event::Fault(fault)),
                Ok(None) => None,
                Err(_) => Some(Event::Fault(Fault::internal(
                    "The service stopped working on this because of a mistake of its own.",
                ))),
            };
            if let (Work::Answer(job), Some(event)) = (&work, event) {
                // Who went away needs no answer.
                job.out.send(event).ok();
            }
            self.busy.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// The answer to a request, as JSON.
    fn answer(&self, desks: &mut Desks, job: &Arc<Job>) -> Result<String, Fault> {
        let text = |value: Value| value.to_string();
        // Nothing is loaded for a request that nobody waits for.
        if job.limits.check().is_err() {
            return tasks::ended(&job.request, &job.id, &job.limits).map(text);
        }
        match &job.request.question {
            Question::Suggest(goals) if goals.len() > 1 => self.group(desks, job, goals).map(text),
            question => {
                let start = Instant::now();
                let desk = match desks.for_request(&job.request, &job.limits) {
                    Ok(desk) => desk,
                    Err(stop) => return tasks::ended_with(Err(stop), question.kind(), &job.id, start, 1).map(text),
                };
                let hands = Helpers { pool: self, job, threads: Cell::new(1) };
                let around = Around { memory: &self.memory, hands: Some(&hands) };
                let tell = &mut |suggestion| job.tell(suggestion);
                match tasks::answer(desk, around, &job.request, &job.id, &job.limits, tell)? {
                    Reply::Made(mut said) => {
                        if let Some(used) = said.pointer_mut("/metadata/workers_used") {
                            *used = hands.threads.get().into();
                        }
                        Ok(text(said))
                    }
                    Reply::Again(said, text) => {
                        if job.streams
                            && let Some(suggested) = said.suggested()
                        {
                            job.tell(suggested);
                        }
                        Ok(text)
                    }
                }
            }
        }
    }

    /// Several goals of one request, with the help of threads that have nothing else to do. They take it before requests that wait, for
    /// somebody waits for this one longer.
    fn group(&self, desks: &mut Desks, job: &Arc<Job>, goals: &[Goal]) -> Result<Value, Fault> {
        let start = Instant::now();
        let group = Group::new(job, goals.to_vec());
        let free = {
            let mut queue = locked(&self.queue);
            let helpers = (1..goals.len().min(self.workers)).map(|_| Work::Goals(Arc::clone(&group)));
            let (left, free) = queue.hand(helpers);
            left.into_iter().for_each(|work| queue.jobs.push_front(work));
            free
        };
        self.wake(free);
        self.help(desks, &group);
        let done = group.results().map(suggest::whole);
        // Who comes now finds nothing to do, and holds nothing up.
        tasks::ended_with(done, Kind::Suggest, &job.id, start, group.threads.load(Ordering::Relaxed))
    }

    /// Works on the goals of a request that nobody has taken yet.
    fn help(&self, desks: &mut Desks, group: &Group<Said>) {
        let job = &group.job;
        let around = Around { memory: &self.memory, hands: None };
        group.work(|goal| {
            let desk = desks.for_request(&job.request, &job.limits)?;
            suggest::one_goal(desk, around, (&job.request, goal), &job.limits, &mut |suggestion| job.tell(suggestion))
        });
    }
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
    /// The library of a request, with what its client declares.
    fn for_request(&mut self, request: &Request, limits: &Limits) -> Result<&mut Desk, Stop> {
        match &request.declarations {
            Some(text) => self.given(&request.imports, text, limits),
            None => Ok(self.of(&request.imports)?),
        }
    }

    fn of(&mut self, imports: &[String]) -> Result<&mut Desk, Fault> {
        last_of(
            &mut self.plain,
            DESKS,
            |known| known == imports,
            || {
                let desk = Desk::open(bfv_engines::FOR_GOALS, imports).map_err(|problems| {
                    let first = problems.first().map(|p| Fault::from_problem(p, "imports".to_owned()));
                    first.unwrap_or_else(|| Fault::internal("The library was refused without a reason."))
                })?;
                Ok((imports.to_vec(), desk))
            },
        )
    }

    /// The same with declarations, which are checked when they come for the first time. Where they stand in the request changes only messages.
    fn given(&mut self, imports: &[String], text: &Piece, limits: &Limits) -> Result<&mut Desk, Stop> {
        let known = |(i, t): &(Vec<String>, String)| i == imports && *t == text.text;
        let mut made = None;
        if !self.given.iter().any(|(key, _)| known(key)) {
            let desk = self.of(imports)?;
            desk.heed(Some(Arc::clone(&limits.cancelled)));
            let done = sheet::declared(desk, text);
            // What was made of them when the time was over is told to nobody, and not kept.
            limits.check()?;
            made = Some(done?);
        }
        Ok(last_of(&mut self.given, GIVEN, known, || {
            let desk = made.ok_or_else(|| Fault::internal("A library was lost."))?;
            Ok(((imports.to_vec(), text.text.clone()), desk))
        })?)
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
