//! The talk with one editor. One thread reads and never waits for an answer; another one works, on one thing after the other.

use crate::ask::{self, BUDGET, Doc, View};
use crate::proofs::{actions, cancelled};
use crate::{lines, told};
use bfv_cache::Cache;
use bfv_driver::{Report, check_edited};
use bfv_engines::ENGINES;
use bfv_service::memory::Memory;
use bfv_service::pool::STACK;
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, RequestId, Response, ResponseError};
use lsp_types::{CodeActionTriggerKind, Diagnostic, Position, Range};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Bytes of proofs that are kept until the editor goes.
const KEPT: u64 = 50_000_000;
/// How long a search for proofs may take that a person asks for, and one that the editor asks for by itself.
const ASKED: Duration = Duration::from_secs(5);
const UNASKED: Duration = Duration::from_secs(1);

/// What is asked about a text.
#[derive(Clone, Copy, Debug)]
enum Question {
    Hover(Position),
    Definition(Position),
    Completion(Position),
    Goals(Position),
    Actions(Range, Duration),
}

/// Something to do.
#[derive(Clone)]
enum Task {
    /// Check a text.
    Check(String),
    /// Answer a question about a text, as the texts were when it was asked.
    Answer(RequestId, Question, View, Arc<Doc>),
}

struct Job {
    task: Task,
    wish: Arc<AtomicBool>,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Job>,
    running: Option<(Task, Arc<AtomicBool>)>,
    docs: View,
    /// What was told of each text last.
    published: BTreeMap<String, Vec<Diagnostic>>,
    closed: bool,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    wake: Condvar,
}

impl Shared {
    /// What is behind the lock is whole at any time, also where somebody panicked.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn submit(&self, task: Task) {
        let mut state = self.state();
        let job = Job { wish: Arc::default(), task };
        match &job.task {
            Task::Check(uri) => {
                let same = |t: &Task| matches!(t, Task::Check(other) if other == uri);
                state.queue.retain(|j| !same(&j.task));
                if let Some((_, wish)) = state.running.as_ref().filter(|(t, _)| same(t)) {
                    wish.store(true, Ordering::Relaxed);
                }
                state.queue.push_back(job);
            }
            // A person waits for an answer. It comes before checks, and after earlier questions.
            Task::Answer(..) => {
                let at = state.queue.iter().position(|j| matches!(j.task, Task::Check(_)));
                let at = at.unwrap_or(state.queue.len());
                state.queue.insert(at, job);
            }
        }
        self.wake.notify_one();
    }

    fn next(&self) -> Option<Job> {
        let mut state = self.state();
        loop {
            state.running = None;
            if state.closed {
                return None;
            }
            if let Some(job) = state.queue.pop_front() {
                state.running = Some((job.task.clone(), Arc::clone(&job.wish)));
                return Some(job);
            }
            state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn error(code: ErrorCode, message: impl Into<String>) -> ResponseError {
    ResponseError { code: code as i32, message: message.into(), data: None }
}

/// Talks with an editor until it says that it goes, or is gone. Whether it said first that it would.
///
/// # Errors
/// The system gives no thread, or there is no memory for proofs.
pub fn serve(connection: &Connection) -> Result<bool, String> {
    let memory = Cache::in_memory(KEPT).and_then(Memory::over).map_err(|e| e.to_string())?;
    let shared = Arc::new(Shared::default());
    let (own, sender) = (Arc::clone(&shared), connection.sender.clone());
    let worker = std::thread::Builder::new().name("work".to_owned()).stack_size(STACK);
    let worker = worker
        .spawn(move || Worker { shared: own, memory, sender, checked: BTreeMap::new() }.work())
        .map_err(|e| format!("The system gives no thread: {e}."))?;
    let mut editor = Editor { connection, shared, stage: Stage::New };
    let ended = editor.talk();
    {
        let mut state = editor.shared.state();
        state.closed = true;
        if let Some((_, wish)) = &state.running {
            wish.store(true, Ordering::Relaxed);
        }
    }
    editor.shared.wake.notify_all();
    // It catches every panic, and has nothing to say at its end.
    worker.join().ok();
    Ok(ended)
}

/// How far the talk is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    New,
    Open,
    ShutDown,
}

struct Editor<'c> {
    connection: &'c Connection,
    shared: Arc<Shared>,
    stage: Stage,
}

impl Editor<'_> {
    fn talk(&mut self) -> bool {
        for message in &self.connection.receiver {
            match message {
                Message::Request(request) => {
                    let id = request.id.clone();
                    match self.request(request) {
                        Ok(Some(value)) => self.respond(id, Ok(value)),
                        // The worker answers.
                        Ok(None) => {}
                        Err(e) => self.respond(id, Err(e)),
                    }
                }
                Message::Notification(n) if n.method == "exit" => return self.stage == Stage::ShutDown,
                Message::Notification(n) => {
                    let method = n.method.clone();
                    if let Err(why) = self.notification(n) {
                        let text = format!("The message {} is left out: {why}", method.escape_debug());
                        self.send(Notification::new(
                            "window/logMessage".to_owned(),
                            json!({ "type": 1, "message": text }),
                        ));
                    }
                }
                // Nothing was asked of the editor.
                Message::Response(_) => {}
            }
        }
        false
    }

    /// Who is gone misses it.
    fn send(&self, message: impl Into<Message>) {
        self.connection.sender.send(message.into()).ok();
    }

    fn respond(&self, id: RequestId, response_result: Result<Value, ResponseError>) {
        self.send(Response { id, response_result });
    }

    fn request(&mut self, request: Request) -> Result<Option<Value>, ResponseError> {
        let Request { id, method, params } = request;
        match (self.stage, method.as_str()) {
            (Stage::New, "initialize") => {
                self.stage = Stage::Open;
                return Ok(Some(abilities()));
            }
            (Stage::New, _) => {
                return Err(error(ErrorCode::ServerNotInitialized, "The request initialize comes first."));
            }
            (Stage::ShutDown, _) => {
                return Err(error(ErrorCode::InvalidRequest, "After shutdown comes exit, and no request."));
            }
            (Stage::Open, "initialize") => {
                return Err(error(ErrorCode::InvalidRequest, "The request initialize comes once."));
            }
            (Stage::Open, "shutdown") => {
                self.stage = Stage::ShutDown;
                return Ok(Some(Value::Null));
            }
            (Stage::Open, _) => {}
        }
        let mut time = ASKED;
        if method == "textDocument/codeAction" {
            let context: lsp_types::CodeActionParams = read(&params)?;
            let kinds = context.context.only;
            if kinds.is_some_and(|kinds| !kinds.iter().any(|k| matches!(k.as_str(), "" | "quickfix"))) {
                return Ok(Some(json!([])));
            }
            if context.context.trigger_kind == Some(CodeActionTriggerKind::AUTOMATIC) {
                time = UNASKED;
            }
        }
        let at = || read::<Position>(params.get("position").unwrap_or(&Value::Null));
        let question = match method.as_str() {
            "textDocument/hover" => Question::Hover(at()?),
            "textDocument/definition" => Question::Definition(at()?),
            "textDocument/completion" => Question::Completion(at()?),
            "bfv/goals" => Question::Goals(at()?),
            "textDocument/codeAction" => Question::Actions(read(params.get("range").unwrap_or(&Value::Null))?, time),
            other => {
                let what = format!("There is no method {}.", other.escape_debug());
                return Err(error(ErrorCode::MethodNotFound, what));
            }
        };
        let doc: lsp_types::TextDocumentIdentifier = read(params.get("textDocument").unwrap_or(&Value::Null))?;
        let docs = self.shared.state().docs.clone();
        let Some(doc) = docs.0.get(doc.uri.as_str()).cloned() else {
            return Err(error(ErrorCode::InvalidParams, "This file is not open."));
        };
        self.shared.submit(Task::Answer(id, question, docs, doc));
        Ok(None)
    }

    fn notification(&mut self, n: Notification) -> Result<(), String> {
        let wrong = |e: ResponseError| e.message;
        if n.method == "$/cancelRequest" {
            let params: lsp_types::CancelParams = read(&n.params).map_err(wrong)?;
            self.cancel(&match params.id {
                lsp_types::NumberOrString::Number(n) => n.into(),
                lsp_types::NumberOrString::String(s) => s.into(),
            });
            return Ok(());
        }
        if self.stage != Stage::Open {
            return Ok(());
        }
        match n.method.as_str() {
            "textDocument/didOpen" => {
                let params: lsp_types::DidOpenTextDocumentParams = read(&n.params).map_err(wrong)?;
                self.set(params.text_document.uri.as_str(), params.text_document.text);
            }
            "textDocument/didChange" => {
                let params: lsp_types::DidChangeTextDocumentParams = read(&n.params).map_err(wrong)?;
                let uri = params.text_document.uri.as_str();
                let old = self.shared.state().docs.0.get(uri).cloned();
                let mut text = old.map(|d| d.text.clone()).ok_or("This file is not open.")?;
                for change in params.content_changes {
                    match change.range {
                        None => text = change.text,
                        Some(r) => {
                            let (start, end) = (lines::offset(&text, r.start), lines::offset(&text, r.end));
                            text.replace_range(start..end.max(start), &change.text);
                        }
                    }
                }
                self.set(uri, text);
            }
            "textDocument/didClose" => {
                let params: lsp_types::DidCloseTextDocumentParams = read(&n.params).map_err(wrong)?;
                self.close(params.text_document.uri.as_str());
            }
            "textDocument/didSave" => {
                // What is saved was told before. Who sends something else is told.
                let params: lsp_types::DidSaveTextDocumentParams = read(&n.params).map_err(wrong)?;
                if let Some(text) = params.text {
                    self.set(params.text_document.uri.as_str(), text);
                }
            }
            // What a server does not know it leaves alone.
            _ => {}
        }
        Ok(())
    }

    /// From now on a file has this text.
    fn set(&self, uri: &str, text: String) {
        let same = {
            let mut state = self.shared.state();
            let same = state.docs.0.get(uri).is_some_and(|d| d.text == text);
            if !same {
                state.docs.0.insert(uri.to_owned(), Arc::new(Doc::new(uri, text)));
            }
            same
        };
        if !same {
            self.shared.submit(Task::Check(uri.to_owned()));
        }
    }

    fn close(&self, uri: &str) {
        let mut state = self.shared.state();
        let users = state.docs.0.remove(uri).map(|doc| {
            let mut with = state.docs.clone();
            with.0.insert(uri.to_owned(), Arc::clone(&doc));
            with.users(&doc)
        });
        if state.published.remove(uri).is_some_and(|last| !last.is_empty()) {
            publish(&self.connection.sender, uri, &[]);
        }
        drop(state);
        for user in users.unwrap_or_default() {
            self.shared.submit(Task::Check(user.uri.clone()));
        }
    }

    fn cancel(&self, id: &RequestId) {
        let mut state = self.shared.state();
        let mine = |t: &Task| matches!(t, Task::Answer(other, ..) if other == id);
        let waiting = state.queue.len();
        state.queue.retain(|j| !mine(&j.task));
        if state.queue.len() < waiting {
            self.respond(id.clone(), Err(cancelled()));
        } else if let Some((_, wish)) = state.running.as_ref().filter(|(t, _)| mine(t)) {
            // The worker answers once it has noticed.
            wish.store(true, Ordering::Relaxed);
        }
    }
}

fn read<T: DeserializeOwned>(value: &Value) -> Result<T, ResponseError> {
    serde_json::from_value(value.clone())
        .map_err(|e| error(ErrorCode::InvalidParams, format!("The parameters are not those of the protocol: {e}.")))
}

/// What this server can do.
fn abilities() -> Value {
    json!({
        "capabilities": {
            "positionEncoding": "utf-16",
            "textDocumentSync": { "openClose": true, "change": 1, "save": { "includeText": false } },
            "hoverProvider": true,
            "definitionProvider": true,
            "completionProvider": { "triggerCharacters": [] },
            "codeActionProvider": { "codeActionKinds": ["quickfix"] },
            "experimental": { "goals": "bfv/goals" },
        },
        "serverInfo": { "name": "bfv", "version": env!("CARGO_PKG_VERSION") },
    })
}

/// Where messages to the editor go.
type Sender = crossbeam_channel::Sender<Message>;

fn publish(sender: &Sender, uri: &str, diagnostics: &[Diagnostic]) {
    let params = json!({ "uri": uri, "diagnostics": diagnostics });
    // Who is gone misses it.
    sender.send(Notification::new("textDocument/publishDiagnostics".to_owned(), params).into()).ok();
}

struct Worker {
    shared: Arc<Shared>,
    memory: Memory,
    sender: Sender,
    /// The last report on each text, with the text that it is about.
    checked: BTreeMap<String, (Arc<Doc>, Report)>,
}

impl Worker {
    fn work(mut self) {
        while let Some(job) = self.shared.next() {
            match job.task {
                Task::Check(uri) => {
                    if catch_unwind(AssertUnwindSafe(|| self.check(&uri, &job.wish))).is_err() {
                        let told = json!({ "type": 1, "message": MISTAKE });
                        self.sender.send(Notification::new("window/logMessage".to_owned(), told).into()).ok();
                    }
                }
                Task::Answer(id, question, view, doc) => {
                    let done = catch_unwind(AssertUnwindSafe(|| self.answer(question, &view, &doc, &job.wish)));
                    let response_result = match done {
                        Ok(_) if job.wish.load(Ordering::Relaxed) => Err(cancelled()),
                        Ok(result) => result,
                        Err(_) => Err(error(ErrorCode::InternalError, MISTAKE)),
                    };
                    self.sender.send(Response { id, response_result }.into()).ok();
                }
            }
        }
    }

    /// Checks a text and those that import it.
    fn check(&mut self, uri: &str, wish: &Arc<AtomicBool>) {
        let docs = self.shared.state().docs.clone();
        let Some(doc) = docs.0.get(uri) else {
            self.checked.remove(uri);
            return;
        };
        self.check_one(&docs, doc, wish);
        for user in docs.users(doc) {
            self.check_one(&docs, &user, wish);
        }
    }

    fn check_one(&mut self, docs: &View, doc: &Arc<Doc>, wish: &Arc<AtomicBool>) {
        let others = docs.others(doc);
        let others: Vec<_> = others.iter().map(|d| d.edited()).collect();
        let own = Some(Arc::clone(wish));
        let done = catch_unwind(AssertUnwindSafe(|| check_edited(ENGINES, doc.edited(), &others, (None, BUDGET), own)));
        let report = done.unwrap_or_else(|_| {
            let problem = bfv_driver::Problem::new(bfv_driver::Code::Internal, MISTAKE, "Report this.");
            Report { problems: vec![problem], ..Report::default() }
        });
        let diagnostics = told::diagnostics(&doc.text, &report);
        let mut state = self.shared.state();
        let current = state.docs.0.get(&doc.uri).is_some_and(|d| Arc::ptr_eq(d, doc));
        // What ended early, or is about a text of earlier, is not told.
        if !current || wish.load(Ordering::Relaxed) {
            return;
        }
        let before = state.published.get(&doc.uri);
        if before.map_or(&[][..], Vec::as_slice) != diagnostics {
            publish(&self.sender, &doc.uri, &diagnostics);
            state.published.insert(doc.uri.clone(), diagnostics);
        }
        drop(state);
        self.checked.insert(doc.uri.clone(), (Arc::clone(doc), report));
    }

    fn answer(
        &self,
        question: Question,
        view: &View,
        doc: &Arc<Doc>,
        wish: &Arc<AtomicBool>,
    ) -> Result<Value, ResponseError> {
        match question {
            Question::Hover(at) => {
                let known = self.checked.get(&doc.uri).filter(|(text, _)| Arc::ptr_eq(text, doc));
                ask::hover(view, doc, at, known.map(|(_, report)| report))
            }
            Question::Definition(at) => Ok(ask::definition(view, doc, at)),
            Question::Completion(at) => ask::completion(view, doc, at),
            Question::Goals(at) => {
                let none = || "There is no script of a claim here.".to_owned();
                Ok(ask::goals(view, doc, at)?.unwrap_or_else(none).into())
            }
            Question::Actions(range, time) => actions(view, doc, range, &self.memory, (time, wish)),
        }
    }
}

const MISTAKE: &str = "bfv stopped working on this because of a mistake of its own.";
