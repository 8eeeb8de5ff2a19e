//! `bfv-serve`: the proof-suggestion service over HTTP, and one question on the command line. `bfv serve` and `bfv suggest` start it.

use axum::extract::connect_info::IntoMakeServiceWithConnectInfo;
use bfv_cache::Cache;
use bfv_driver::{Desk, Event, escaped, exit_code};
use bfv_elab::distance;
use bfv_service::memory::Memory;
use bfv_service::pace::{Paced, Peer};
use bfv_service::pool::{Pool, STACK};
use bfv_service::rank::{self, Known, Ranking};
use bfv_service::server::{Service, Settings};
use bfv_service::solve::Limits;
use bfv_service::tasks;
use bfv_service::wire::{Kind, LONGEST_MS, Request};
use serde_json::{Value, json};
use std::fmt::Display;
use std::future::{Future, poll_fn};
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::pin::pin;
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

/// Values of the kernel are very many and small, as in `bfv`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USAGE: &str = "bfv-serve answers questions about goals over HTTP. Without a word it listens.
Its flags: --address ADDRESS, default 127.0.0.1, and --port N, default 7717; with 0 the system chooses one.
--token-file FILE names a file with the token that clients must send. It is needed for an address that is not of this machine.
--workers N says how many threads search. Default: one for each processor.
--queue N says how many requests may wait. Default: 1024.
--rate N and --burst N say how many requests a client may send each second, and at once. Default: 1000 and 2000.
--cache FILE keeps found proofs in a file. Without it they are kept until the service ends.
--cache-bytes N says how many bytes they may have. Default: 100000000; with 0 nothing is kept.
--slowest SECONDS says how long a client may take to send a head, and a body. Default: 10, at most 600.
--ranking overlap tries theorems first that share rare words with the goal. Default. With learned the order is learned from proofs; with plain it needs no weights.
--weights FILE takes the weights of the order from a file in the place of the built-in ones.
--body N is the longest body in bytes. Default: 262144, at most 1048576.
bfv-serve suggest GOAL asks for next steps and ends. Its flags: --import MODULE, which may be repeated, --timeout MS, --format text or json, --ranking and --weights.";

/// The longest body that may be asked for: that of the reader of JSON.
const LONGEST_BODY: u32 = 1 << 20;
/// How long answers may take after the signal to end: the longest time of a request, and a little more.
const LAST: Duration = Duration::from_millis(LONGEST_MS as u64 + 5_000);

/// Why the program ends early.
struct Stop {
    event: Event,
    why: String,
}

impl Stop {
    fn usage(why: impl Into<String>) -> Stop {
        Stop { event: Event::Usage, why: why.into() }
    }

    fn system(why: impl Into<String>) -> Stop {
        Stop { event: Event::InputOutput, why: why.into() }
    }
}

/// Prints a line. Who does not read it misses it.
fn say(text: impl Display) {
    let mut out = std::io::stdout().lock();
    let _closed = writeln!(out, "{text}").and_then(|()| out.flush());
}

fn complain(text: impl Display) {
    let _closed = writeln!(std::io::stderr().lock(), "{text}");
}

fn main() -> ExitCode {
    // A request that makes a thread panic is answered, and told here in one line.
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(|l| format!(" Place: {}, line {}.", l.file(), l.line())).unwrap_or_default();
        complain(format!("Error internal: bfv-serve made a mistake of its own.{place} To mend it: Report this."));
    }));
    let words: Vec<String> = std::env::args_os().skip(1).map(|a| a.to_string_lossy().into_owned()).collect();
    let done = match words.split_first() {
        Some((word, rest)) if word == "suggest" => suggest(rest),
        Some((word, _)) if ["help", "--help", "-h"].contains(&word.as_str()) => {
            say(USAGE);
            Ok(0)
        }
        _ => serve(&words),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(Stop { event, why }) => {
            complain(format!("Error: {why}"));
            ExitCode::from(exit_code(&[event]))
        }
    }
}

/// Flags with one value each, and the words between them.
struct Flags {
    flags: Vec<(String, String)>,
    words: Vec<String>,
}

impl Flags {
    fn read(all: &[String], known: &[&str], repeated: &[&str]) -> Result<Flags, Stop> {
        let mut out = Flags { flags: Vec::new(), words: Vec::new() };
        let mut all = all.iter();
        while let Some(word) = all.next() {
            if !word.starts_with("--") {
                out.words.push(word.clone());
                continue;
            }
            // A value stands behind its flag, or in the same word behind an equals sign.
            let (name, own) = word.split_once('=').map_or((word.as_str(), None), |(n, v)| (n, Some(v.to_owned())));
            let shown = escaped(name, char::is_control);
            if !known.contains(&name) {
                let likely = known.iter().map(|k| (distance(name, k), k)).min().filter(|(d, _)| *d <= 2);
                let mend = match likely {
                    Some((_, flag)) => format!("Did you mean {flag}?"),
                    None => format!("There are: {}.", known.join(", ")),
                };
                return Err(Stop::usage(format!("There is no flag {shown} here. {mend}")));
            }
            if out.flags.iter().any(|(n, _)| n == name) && !repeated.contains(&name) {
                return Err(Stop::usage(format!("The flag {shown} stands twice. Keep one of the two.")));
            }
            let Some(value) = own.or_else(|| all.next().cloned()).filter(|v| !v.is_empty()) else {
                return Err(Stop::usage(format!("The flag {shown} has no value. Write one behind it.")));
            };
            out.flags.push((name.to_owned(), value));
        }
        Ok(out)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.flags.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    fn number<T: FromStr + PartialOrd + Display>(&self, name: &str, usual: T, range: (T, T)) -> Result<T, Stop> {
        let Some(text) = self.text(name) else { return Ok(usual) };
        let (low, high) = range;
        let mend = format!("The flag {name} needs a whole number from {low} to {high}.");
        text.parse().ok().filter(|n| *n >= low && *n <= high).ok_or_else(|| Stop::usage(mend))
    }
}

fn serve(all: &[String]) -> Result<u8, Stop> {
    let known = [
        "--address",
        "--port",
        "--token-file",
        "--workers",
        "--queue",
        "--rate",
        "--burst",
        "--body",
        "--slowest",
        "--cache",
        "--cache-bytes",
        "--ranking",
        "--weights",
    ];
    let flags = Flags::read(all, &known, &[])?;
    if let Some(word) = flags.words.first() {
        let shown = escaped(word, char::is_control);
        let kind = if word.starts_with('-') { "flag" } else { "command" };
        return Err(Stop::usage(format!("There is no {kind} {shown}. Write bfv serve help to see what there is.")));
    }
    let address: IpAddr = match flags.text("--address") {
        None => Ipv4Addr::LOCALHOST.into(),
        Some(text) => text.parse().map_err(|_| {
            Stop::usage(format!(
                "The address {} is none. Write one such as 127.0.0.1.",
                escaped(text, char::is_control)
            ))
        })?,
    };
    let token = flags.text("--token-file").map(token).transpose()?;
    if !address.is_loopback() && token.is_none() {
        let why =
            format!("The address {address} can be reached by others. Add --token-file FILE, or listen to 127.0.0.1.");
        return Err(Stop::usage(why));
    }
    let port: u16 = flags.number("--port", 7717, (0, u16::MAX))?;
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let workers: usize = flags.number("--workers", processors, (1, 64))?;
    let queue: usize = flags.number("--queue", 1024, (1, 100_000))?;
    let rate: u32 = flags.number("--rate", 1000, (1, 1_000_000))?;
    let burst: u32 = flags.number("--burst", 2000, (1, 1_000_000))?;
    let body: u32 = flags.number("--body", 1 << 18, (1024, LONGEST_BODY))?;
    let bytes: u64 = flags.number("--cache-bytes", 100_000_000, (0, 1 << 40))?;
    ranking(&flags)?;
    let memory = memory(flags.text("--cache"), bytes)?;
    let body = usize::try_from(body).map_err(|_| Stop::usage("The flag --body is too large for this machine."))?;
    let slowest: u32 = flags.number("--slowest", 10, (1, 600))?;
    let slowest = Duration::from_secs(slowest.into());
    let settings = Settings { token, body, slowest, budget: (rate, burst), loopback: address.is_loopback() };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(|e| Stop::system(format!("The system gives no threads: {e}.")))?;
    runtime.block_on(listen(SocketAddr::new(address, port), settings, (workers, queue), memory))
}

/// Chooses the order of theorems. Weights that cannot be used are no reason to stop: there is an order without them.
fn ranking(flags: &Flags) -> Result<(), Stop> {
    let file = flags.text("--weights");
    let known = match flags.text("--ranking") {
        Some("plain") if file.is_some() => {
            return Err(Stop::usage("The flag --weights has no use beside --ranking plain. Remove one of the two."));
        }
        Some("plain") => return Ok(()),
        None | Some("overlap") => Known::Rare,
        Some("learned") => Known::Learned,
        Some(_) => return Err(Stop::usage("The flag --ranking needs overlap, learned or plain.")),
    };
    let weights = file.map(weights).transpose()?;
    match Ranking::of(known, weights.as_deref()) {
        Ok(ranking) => _ = rank::choose(ranking),
        Err(why) => {
            let place = file.map_or("the program".to_owned(), |f| format!("the file {}", escaped(f, char::is_control)));
            let mend = match file {
                Some(_) => "Name a file that cargo xtask rank-train wrote, or leave out the flag --weights.",
                None => "Build the program again.",
            };
            let instead = "Until then theorems are tried in the order of --ranking plain.";
            complain(format!("Warning: {why} Place: {place}. {instead} To mend it: {mend}"));
        }
    }
    Ok(())
}

/// The bytes of a file of weights, as far as they may be some.
fn weights(path: &str) -> Result<Vec<u8>, Stop> {
    let mut bytes = Vec::new();
    let most = u64::try_from(bfv_engine_neural::LONGEST).unwrap_or(u64::MAX).saturating_add(1);
    let read = std::fs::File::open(path).and_then(|f| f.take(most).read_to_end(&mut bytes));
    let shown = escaped(path, char::is_control);
    read.map_err(|e| Stop::system(format!("The file {shown} cannot be read: {e}. Name a file of weights.")))?;
    Ok(bytes)
}

/// What was found before: in a file, or nothing yet.
fn memory(path: Option<&str>, bytes: u64) -> Result<Memory, Stop> {
    let mend = |e: bfv_cache::Failure| Stop::system(format!("{e} Name another file with --cache."));
    let (cache, aside) = match path {
        Some(path) => Cache::open(Path::new(path), bytes).map_err(mend)?,
        None => (Cache::in_memory(bytes).map_err(mend)?, None),
    };
    if let Some(aside) = aside {
        let aside = escaped(&aside.display().to_string(), char::is_control);
        complain(format!("Warning: the cache could not be read. It was moved to {aside}, and a new one begun."));
    }
    if bytes == 0 {
        return Ok(Memory::none(cache));
    }
    Memory::over(cache).map_err(mend)
}

/// The token in the first line of a file.
fn token(path: &str) -> Result<String, Stop> {
    let shown = escaped(path, char::is_control);
    let text = std::fs::read_to_string(path)
        .map_err(|e| Stop::system(format!("The file {shown} cannot be read: {e}. Name a file with a token.")))?;
    let token = text.lines().next().unwrap_or_default().trim();
    if token.len() < 16 || !token.bytes().all(|b| b.is_ascii_graphic()) {
        let why = format!(
            "The file {shown} holds no token. Write at least 16 visible characters without spaces in its first line."
        );
        return Err(Stop::usage(why));
    }
    Ok(token.to_owned())
}

async fn listen(
    address: SocketAddr,
    settings: Settings,
    (workers, queue): (usize, usize),
    memory: Memory,
) -> Result<u8, Stop> {
    // Signals count from now on, also before the first request.
    let mut signal = Signals::new().map_err(|e| Stop::system(format!("Signals cannot be waited for: {e}.")))?;
    let listener = TcpListener::bind(address).await.map_err(|e| {
        Stop::system(format!("The service cannot listen to {address}: {e}. Choose another one with --port."))
    })?;
    let own = listener.local_addr().map_err(|e| Stop::system(format!("The address is not known: {e}.")))?;
    let pool =
        Pool::start(workers, queue, memory).map_err(|e| Stop::system(format!("The system gives no threads: {e}.")))?;
    let listener = Paced { listener, slowest: settings.slowest };
    let service = Service::new(settings, Arc::clone(&pool));
    let router: IntoMakeServiceWithConnectInfo<axum::Router, Peer> =
        service.router().into_make_service_with_connect_info();
    say(format!(
        "bfv-serve listens to http://{own} with {}. To end it, send SIGTERM, or press control and c.",
        bfv_driver::count(workers, "thread")
    ));
    let (end, ended) = tokio::sync::watch::channel(false);
    let mut wait = ended.clone();
    let graceful = async move {
        // An error says that the other end is gone, which is the end as well.
        wait.wait_for(|end| *end).await.ok();
    };
    let serving = tokio::spawn(async move { axum::serve(listener, router).with_graceful_shutdown(graceful).await });
    signal.recv().await;
    end.send(true).ok();
    if service.waiting() > 0 {
        let waiting = bfv_driver::count(service.waiting(), "request");
        complain(format!("Ending: {waiting} will be answered first. A second signal ends bfv-serve at once."));
    }
    let (mut again, mut serving) = (pin!(signal.recv()), pin!(tokio::time::timeout(LAST, serving)));
    let ended = poll_fn(|cx| match serving.as_mut().poll(cx) {
        Poll::Ready(ended) => Poll::Ready(Some(ended)),
        Poll::Pending => again.as_mut().poll(cx).map(|()| None),
    });
    let Some(ended) = ended.await else {
        let lost = bfv_driver::count(service.waiting(), "request");
        return Err(Stop {
            event: Event::Undecided,
            why: format!("bfv-serve was ended at once. Not answered: {lost}."),
        });
    };
    let late = match ended {
        Ok(Ok(Ok(()))) => false,
        Ok(Ok(Err(e))) => return Err(Stop::system(format!("The service stopped: {e}."))),
        Ok(Err(_)) => {
            return Err(Stop {
                event: Event::Internal,
                why: "The service stopped because of a mistake of its own.".to_owned(),
            });
        }
        Err(_) => true,
    };
    if late {
        complain("Warning: some connections stayed open, and were cut off.");
    } else {
        let closing = tokio::task::spawn_blocking(move || {
            pool.close();
            pool.memory.flush()
        });
        if let Ok(Err(e)) = closing.await {
            complain(format!("Warning: what was found last is not kept. {e}"));
        }
    }
    say(format!(
        "bfv-serve has ended. It answered {}.",
        bfv_driver::count(usize::try_from(service.metrics.total()).unwrap_or(usize::MAX), "request")
    ));
    Ok(0)
}

/// The signals to end.
#[cfg(unix)]
struct Signals([tokio::signal::unix::Signal; 2]);

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Signals> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals([signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?]))
    }

    /// Waits for the next one.
    async fn recv(&mut self) {
        let mut came = |cx: &mut Context<'_>| self.0.iter_mut().any(|s| s.poll_recv(cx).is_ready());
        poll_fn(|cx| if came(cx) { Poll::Ready(()) } else { Poll::Pending }).await;
    }
}

/// The signal to end.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Signals> {
        Ok(Signals)
    }

    async fn recv(&mut self) {
        // Where it cannot be waited for, the service ends at once and says so.
        tokio::signal::ctrl_c().await.ok();
    }
}

fn suggest(all: &[String]) -> Result<u8, Stop> {
    let known = ["--import", "--timeout", "--format", "--ranking", "--weights"];
    let flags = Flags::read(all, &known, &["--import"])?;
    ranking(&flags)?;
    let [goal] = flags.words.as_slice() else {
        return Err(Stop::usage("Write one goal behind suggest, in quotes, such as \"forall (n : Nat), n + 0 = n\"."));
    };
    let json = match flags.text("--format") {
        None | Some("text") => false,
        Some("json") => true,
        Some(_) => return Err(Stop::usage("The flag --format needs text or json.")),
    };
    let timeout: u32 = flags.number("--timeout", 5_000, (1, LONGEST_MS))?;
    let mut message = json!({ "proof_state": { "goals": [{ "id": "1", "statement": goal }] }, "timeout_ms": timeout });
    let imports: Vec<&str> = flags.flags.iter().filter(|(n, _)| n == "--import").map(|(_, v)| v.as_str()).collect();
    if let (Value::Object(fields), false) = (&mut message, imports.is_empty()) {
        fields.insert("imports".into(), json!(imports));
    }
    let body = message.to_string();
    let wish = Arc::new(AtomicBool::new(false));
    let (cancelled, time) = (Arc::clone(&wish), Duration::from_millis(timeout.into()));
    let (done, ended) = std::sync::mpsc::channel::<()>();
    let worker = std::thread::Builder::new().stack_size(STACK).spawn(move || {
        let request = Request::read(body.as_bytes(), Some(Kind::Suggest)).map_err(|refused| refused.0)?;
        let mut desk = Desk::open(bfv_engines::FOR_GOALS, &request.imports).map_err(|problems| {
            let first = problems.first().map(|p| bfv_service::fault::Fault::from_problem(p, String::new()));
            first.unwrap_or_else(|| bfv_service::fault::Fault::internal("The library was refused without a reason."))
        })?;
        let limits = Limits { deadline: Instant::now() + time, cancelled };
        let memory = Cache::in_memory(1 << 20).and_then(Memory::over);
        let memory = memory.map_err(|e| bfv_service::fault::Fault::internal(e.to_string()))?;
        let around = tasks::Around { memory: &memory, hands: None };
        let answer =
            tasks::answer(&mut desk, around, &request, "suggest", &limits, &mut |_| {}).and_then(tasks::Reply::value);
        // Nobody waits any more where this cannot be sent.
        done.send(()).ok();
        answer
    });
    let worker = worker.map_err(|e| Stop::system(format!("The system gives no thread: {e}.")))?;
    // Whether it has come to an end or not: engines end now.
    ended.recv_timeout(time).ok();
    wish.store(true, Ordering::Relaxed);
    // What a panic has to say was said by the hook.
    let Ok(answer) = worker.join() else { return Ok(exit_code(&[Event::Internal])) };
    match answer {
        Ok(answer) => {
            let text = if json { format!("{answer:#}") } else { bfv_service::text::suggestions(goal, &answer) };
            say(escaped(&text, |c| c.is_control() && c != '\n'));
            Ok(exit_code(&bfv_service::text::events(&answer)))
        }
        Err(fault) => {
            complain(format!("Error {}: {}", fault.code, escaped(&fault.sentences(), char::is_control)));
            Ok(fault.exit_code)
        }
    }
}
