//! HTTP: paths, headers, tokens, and what waits for an answer.

use crate::clients::Clients;
use crate::fault::Fault;
use crate::metrics::Metrics;
use crate::pace::{self, Answering, Peer};
use crate::pool::{Event, Found, Job, Pool};
use crate::solve::Limits;
use crate::wire::{Kind, LONGEST_MS, Refused, Request};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::rejection::PathRejection;
use axum::extract::{ConnectInfo, Path, Request as Asked, State};
use axum::http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, ORIGIN, RETRY_AFTER, SERVER, WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::sse::{Event as Sent, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use futures_core::Stream;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// The header with which a client keeps its requests apart from those of others at its address.
pub const CLIENT: &str = "bfv-client";
/// What the library says of a body that is longer than it may be. It tells it from others in no other way.
const TOO_LONG: &str = "length limit exceeded";
/// The longest value of that header, in bytes.
const LONGEST_CLIENT: usize = 128;
/// How long a thread may go on after the time of a request, before the request is answered without it: an eighth of that time, between these.
const GRACE: [Duration; 2] = [Duration::from_millis(5), Duration::from_millis(500)];
/// The time of a request that does not say how long it may take.
const USUAL: Duration = Duration::from_millis(5_000);

/// The description of the interface, as it is checked in.
pub const OPENAPI: &str = include_str!("../openapi.json");

/// What the service is started with.
pub struct Settings {
    /// The token that clients must send.
    pub token: Option<String>,
    /// The longest body, in bytes.
    pub body: usize,
    /// How long a client may take to send a head, and how long to send a body.
    pub slowest: Duration,
    /// Requests for each second and at once, for each client.
    pub budget: (u32, u32),
    /// The service listens to this machine only.
    pub loopback: bool,
}

/// The service.
pub struct Service {
    settings: Settings,
    pool: Arc<Pool>,
    clients: Clients,
    /// The counters.
    pub metrics: Metrics,
    /// Requests that are not answered yet, by who sent them and their ids.
    running: Mutex<BTreeMap<(Owner, String), Running>>,
    made: AtomicU64,
    /// No id of this run is one of an earlier run.
    start: u128,
}

/// Whose requests they are: those of one address that say the same of themselves. Nobody else hears of their ids or cancels them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Owner {
    address: IpAddr,
    client: Option<String>,
}

impl Owner {
    fn of(peer: &Peer, headers: &HeaderMap) -> Result<Owner, Fault> {
        let known = |v: &HeaderValue| v.to_str().ok().filter(|t| t.len() <= LONGEST_CLIENT).map(str::to_owned);
        let client = match headers.get(CLIENT).map(known) {
            None => None,
            Some(Some(text)) => Some(text),
            Some(None) => {
                let mend = format!("Send at most {LONGEST_CLIENT} visible characters, which only this client knows.");
                return Err(Fault::malformed("the header Bfv-Client", "The header names no client.", mend));
            }
        };
        Ok(Owner { address: peer.address.ip(), client })
    }
}

struct Running {
    cancelled: Arc<AtomicBool>,
    out: UnboundedSender<Event>,
}

impl Service {
    /// The service over threads that are started.
    #[must_use]
    pub fn new(settings: Settings, pool: Arc<Pool>) -> Arc<Service> {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Arc::new(Service {
            clients: Clients::new(settings.budget.0, settings.budget.1),
            settings,
            pool,
            metrics: Metrics::default(),
            running: Mutex::default(),
            made: AtomicU64::new(0),
            start: since.map_or(0, |t| t.as_nanos()),
        })
    }

    /// Its paths.
    pub fn router(self: &Arc<Service>) -> Router {
        let mut router = Router::new()
            .route(
                "/v1/message",
                post(|s: State<Arc<Service>>, c: ConnectInfo<Peer>, h: HeaderMap, b: Body| message(s, c, h, b, None)),
            )
            .route("/v1/requests/{id}", delete(cancel))
            .route("/health", get(|| async { ([(CONTENT_TYPE, "text/plain")], "The service runs.\n") }))
            .route("/ready", get(ready))
            .route("/metrics", get(metrics))
            .route("/openapi.json", get(|| async { ([(CONTENT_TYPE, "application/json")], OPENAPI) }));
        for kind in Kind::ALL {
            let ask = move |s: State<Arc<Service>>, c: ConnectInfo<Peer>, h: HeaderMap, b: Body| {
                message(s, c, h, b, Some(kind))
            };
            router = router.route(&format!("/v1/{}", kind.word()), post(ask));
        }
        router
            .fallback(|| async {
                problem(&Fault::unknown("There is no such path.", "Read /openapi.json, which lists all paths."), None)
            })
            .method_not_allowed_fallback(|| async {
                problem(
                    &Fault::method("This path has no such method.", "Read /openapi.json, which lists all methods."),
                    None,
                )
            })
            .layer(from_fn(|ConnectInfo(peer): ConnectInfo<Peer>, asked: Asked, next: Next| async move {
                let _answering = peer.answering();
                let mut answer = next.run(asked).await;
                answer.headers_mut().insert(SERVER, HeaderValue::from_static(pace::SERVER));
                answer
            }))
            .with_state(Arc::clone(self))
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<(Owner, String), Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many requests are not answered yet.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.running().len()
    }

    /// Whether somebody may ask at all.
    fn allowed(&self, headers: &HeaderMap) -> Result<(), Fault> {
        let text = |name: HeaderName| headers.get(name).map(|v| v.to_str().unwrap_or_default());
        if self.settings.loopback {
            // Pages of other sites can make a browser send requests here, under a name that they choose.
            let here = |host: &str| {
                let name =
                    host.rsplit_once(':').map_or(host, |(name, port)| if port.ends_with(']') { host } else { name });
                matches!(name, "localhost" | "127.0.0.1" | "[::1]")
            };
            let origin = text(ORIGIN).is_none_or(|o| o.split_once("://").is_some_and(|(_, host)| here(host)));
            if !text(HOST).is_none_or(here) || !origin {
                return Err(Fault::foreign());
            }
        }
        let Some(token) = &self.settings.token else { return Ok(()) };
        let sent = text(AUTHORIZATION).and_then(|a| a.strip_prefix("Bearer ")).unwrap_or_default();
        if same(sent.as_bytes(), token.as_bytes()) { Ok(()) } else { Err(Fault::token()) }
    }

    async fn accept(
        self: &Arc<Service>,
        from: &Peer,
        headers: &HeaderMap,
        body: Body,
        asked: Option<Kind>,
        streams: bool,
    ) -> Result<Waiting, Refused> {
        let alone = |fault: Fault| Box::new((fault, None));
        self.allowed(headers).map_err(alone)?;
        self.clients.take(from.address.ip(), Instant::now()).map_err(alone)?;
        let owner = Owner::of(from, headers).map_err(alone)?;
        let json = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        if json.split(';').next().map(str::trim) != Some("application/json") {
            return Err(alone(Fault::media_type()));
        }
        let start = Instant::now();
        let slowest = self.settings.slowest;
        let bytes = match tokio::time::timeout(slowest, to_bytes(body, self.settings.body)).await {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(e)) if e.to_string() == TOO_LONG => return Err(alone(Fault::too_long(self.settings.body))),
            Ok(Err(_)) => {
                let fault = Fault::malformed("the body", "The body broke off.", "Send as many bytes as the head says.");
                return Err(alone(fault));
            }
            Err(_) => return Err(alone(Fault::slow(slowest.as_secs()))),
        };
        let mut request = Request::read(&bytes, asked)?;
        let kind = request.question.kind();
        let id = request
            .id
            .take()
            .unwrap_or_else(|| format!("bfv-{:x}-{}", self.start, self.made.fetch_add(1, Ordering::Relaxed)));
        let time = request.timeout_ms.map_or(USUAL, |ms| Duration::from_millis(ms.min(LONGEST_MS).into()));
        let deadline = start.checked_add(time).unwrap_or(start);
        let cancelled = Arc::new(AtomicBool::new(false));
        let (out, events) = unbounded_channel();
        {
            let mut running = self.running();
            let key = (owner.clone(), id.clone());
            if running.contains_key(&key) {
                let mend = "Choose another id, or send the header Bfv-Client with a secret word of your own.";
                let fault = Fault::malformed("request_id", "A request with this id is not answered yet.", mend);
                return Err(Box::new((Fault { status: 409, ..fault }, Some(id))));
            }
            running.insert(key, Running { cancelled: Arc::clone(&cancelled), out: out.clone() });
        }
        let limits = Limits { deadline, cancelled };
        let mut waiting = Waiting {
            service: Arc::clone(self),
            owner,
            id: id.clone(),
            kind,
            limits: limits.clone(),
            start,
            events,
            found: Found::default(),
            done: false,
        };
        let job = Job { request, id: id.clone(), limits, out, found: Arc::clone(&waiting.found), streams };
        if let Err(fault) = self.pool.submit(job) {
            // It is counted as refused, and not as cancelled.
            waiting.done = true;
            return Err(Box::new((fault, Some(id))));
        }
        self.metrics.asked(kind);
        Ok(waiting)
    }
}

/// Compares without telling by the time it takes where two texts differ.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |all, (x, y)| all | (x ^ y)) == 0
}

/// A request that was accepted and is not answered yet. When its client goes away, it is cancelled.
struct Waiting {
    service: Arc<Service>,
    owner: Owner,
    id: String,
    kind: Kind,
    limits: Limits,
    start: Instant,
    events: UnboundedReceiver<Event>,
    /// The suggestions so far.
    found: Found,
    done: bool,
}

impl Waiting {
    /// Notes that the answer is there.
    fn end(&mut self, fault: Option<&Fault>) {
        if let Some(fault) = fault {
            self.service.metrics.refused(&fault.code);
        }
        self.done = true;
        self.service.metrics.answered(self.start.elapsed());
    }

    /// How long the thread may go on after the time is over.
    fn grace(&self) -> Duration {
        let time = self.limits.deadline.saturating_duration_since(self.start);
        (time / 8).clamp(GRACE[0], GRACE[1])
    }

    /// The answer where the thread does not come to an end in time: what was found by then.
    fn late(&self) -> String {
        let found = std::mem::take(&mut *self.found.lock().unwrap_or_else(PoisonError::into_inner));
        crate::tasks::late(self.kind, &self.id, self.start, found).to_string()
    }

    /// The answer, or what is said where the thread does not come to an end in time.
    async fn last(&mut self) -> Result<String, Fault> {
        let mut until = tokio::time::Instant::from_std(self.limits.deadline);
        let answer = loop {
            match tokio::time::timeout_at(until, self.events.recv()).await {
                // The engines end now, and what is known by then is told.
                Err(_) if !self.limits.cancelled.swap(true, Ordering::Relaxed) => until += self.grace(),
                // It is among those found, too.
                Ok(Some(Event::Suggestion(_))) => {}
                Ok(Some(Event::Answer(text))) => break Ok(text),
                Ok(Some(Event::Fault(fault))) => break Err(fault),
                Ok(None) => break Err(Fault::internal("The service lost a request.")),
                Err(_) => break Ok(self.late()),
            }
        };
        self.end(answer.as_ref().err());
        answer
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // Also after an answer: a thread may still be at work on what came too late.
        self.limits.cancelled.store(true, Ordering::Relaxed);
        self.service.running().remove(&(self.owner.clone(), std::mem::take(&mut self.id)));
        if !self.done {
            self.service.metrics.cancelled();
        }
    }
}

/// Server-sent events: suggestions as they are found, then the answer.
struct Events {
    waiting: Waiting,
    /// As long as they come, the client is not waited for.
    _answering: Answering,
    late: Pin<Box<tokio::time::Sleep>>,
}

impl Stream for Events {
    type Item = Result<Sent, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.waiting.done {
            return Poll::Ready(None);
        }
        let event = match self.waiting.events.poll_recv(cx) {
            Poll::Ready(Some(event)) => event,
            Poll::Ready(None) => Event::Fault(Fault::internal("The service lost a request.")),
            Poll::Pending => match self.late.as_mut().poll(cx) {
                // The engines end now, and what is known by then is told.
                Poll::Ready(()) if !self.waiting.limits.cancelled.swap(true, Ordering::Relaxed) => {
                    let until = tokio::time::Instant::now() + self.waiting.grace();
                    self.late.as_mut().reset(until);
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Poll::Ready(()) => Event::Answer(self.waiting.late()),
                Poll::Pending => return Poll::Pending,
            },
        };
        let (name, text) = match &event {
            Event::Suggestion(value) => ("suggestion", value.to_string()),
            Event::Answer(text) => ("answer", text.clone()),
            Event::Fault(fault) => ("problem", fault.body(Some(&self.waiting.id)).to_string()),
        };
        match &event {
            Event::Suggestion(_) => {}
            Event::Answer(_) => self.waiting.end(None),
            Event::Fault(fault) => self.waiting.end(Some(fault)),
        }
        Poll::Ready(Some(Ok(Sent::default().event(name).data(text))))
    }
}

async fn message(
    State(service): State<Arc<Service>>,
    ConnectInfo(from): ConnectInfo<Peer>,
    headers: HeaderMap,
    body: Body,
    asked: Option<Kind>,
) -> Response {
    let wants = headers.get(ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let streams = wants.split(',').any(|part| part.split(';').next().map(str::trim) == Some("text/event-stream"));
    let mut waiting = match service.accept(&from, &headers, body, asked, streams).await {
        Ok(waiting) => waiting,
        Err(refused) => {
            let (fault, id) = *refused;
            service.metrics.refused(&fault.code);
            return problem(&fault, id.as_deref());
        }
    };
    if streams {
        let late = Box::pin(tokio::time::sleep_until(tokio::time::Instant::from_std(waiting.limits.deadline)));
        return Sse::new(Events { waiting, _answering: from.answering(), late }).into_response();
    }
    match waiting.last().await {
        Ok(text) => json(StatusCode::OK, "application/json", text),
        Err(fault) => problem(&fault, Some(&waiting.id)),
    }
}

async fn cancel(
    State(service): State<Arc<Service>>,
    ConnectInfo(from): ConnectInfo<Peer>,
    headers: HeaderMap,
    id: Result<Path<String>, PathRejection>,
) -> Response {
    let allowed = service.allowed(&headers);
    let owner = match allowed.and_then(|()| Owner::of(&from, &headers)) {
        Ok(owner) => owner,
        Err(fault) => return problem(&fault, None),
    };
    // An id that is no text is one that no request has.
    let found = id.ok().and_then(|Path(id)| {
        service.running().get(&(owner, id)).map(|r| {
            r.cancelled.store(true, Ordering::Relaxed);
            // Its client hears of it at once, also where a thread is still at work.
            r.out.send(Event::Fault(Fault::cancelled())).is_ok()
        })
    });
    match found {
        Some(_) => StatusCode::NO_CONTENT.into_response(),
        None => problem(
            &Fault::unknown(
                "No request with this id waits for an answer.",
                "Look at the id. It may be answered already.",
            ),
            None,
        ),
    }
}

async fn ready(State(service): State<Arc<Service>>) -> Response {
    if service.pool.is_ready() {
        ([(CONTENT_TYPE, "text/plain")], "The service is ready.\n").into_response()
    } else {
        problem(&Fault::busy(), None)
    }
}

async fn metrics(State(service): State<Arc<Service>>) -> Response {
    let text = service.metrics.text(
        service.pool.load(),
        (service.pool.memory.counts(), service.pool.memory.size()),
        service.pool.is_ready(),
    );
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}

fn json(status: StatusCode, kind: &'static str, text: String) -> Response {
    (status, [(CONTENT_TYPE, kind)], text).into_response()
}

fn problem(fault: &Fault, id: Option<&str>) -> Response {
    let status = StatusCode::from_u16(fault.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = json(status, "application/problem+json", fault.body(id).to_string());
    if fault.status == 401 {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(seconds) = fault.retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
