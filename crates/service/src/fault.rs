//! What is wrong with a request, as RFC 9457 has it (`application/problem+json`), with the words and exit codes of the command line.

use bfv_driver::{Event, Problem, exit_code};
use serde_json::{Value, json};

/// Why there is no answer: what, where, and how to mend it. The texts are plain sentences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The status of HTTP.
    pub status: u16,
    /// The code, as the command line has it, or a word of the service.
    pub code: String,
    /// The exit code that the command line would end with.
    pub exit_code: u8,
    /// What is wrong.
    pub what: String,
    /// Where, in the request; empty where it has no place.
    pub place: String,
    /// How to mend it.
    pub mend: String,
    /// After how many seconds it is worth trying again.
    pub retry_after: Option<u64>,
}

impl Fault {
    fn new(status: u16, code: &str, event: Event, what: impl Into<String>, mend: impl Into<String>) -> Fault {
        Fault {
            status,
            code: code.to_owned(),
            exit_code: exit_code(&[event]),
            what: what.into(),
            place: String::new(),
            mend: mend.into(),
            retry_after: None,
        }
    }

    /// The request is no message of the protocol: 400.
    pub fn malformed(place: impl Into<String>, what: impl Into<String>, mend: impl Into<String>) -> Fault {
        Fault { place: place.into(), ..Fault::new(400, "usage", Event::Usage, what, mend) }
    }

    /// The message is well formed, and what it says makes no sense: 422.
    pub fn wrong(place: impl Into<String>, what: impl Into<String>, mend: impl Into<String>) -> Fault {
        Fault { status: 422, ..Fault::malformed(place, what, mend) }
    }

    /// There is no such path or request: 404.
    pub fn unknown(what: impl Into<String>, mend: impl Into<String>) -> Fault {
        Fault::new(404, "not-found", Event::Usage, what, mend)
    }

    /// The path has no such method: 405.
    pub fn method(what: impl Into<String>, mend: impl Into<String>) -> Fault {
        Fault::new(405, "method", Event::Usage, what, mend)
    }

    /// The token is missing or wrong: 401.
    pub fn token() -> Fault {
        let what = "This service asks for a token, and the request has none that fits.";
        Fault::new(
            401,
            "token",
            Event::Usage,
            what,
            "Send the header Authorization with the word Bearer and the token.",
        )
    }

    /// A header that a page of a browser sends, or a host that is not this one: 403.
    pub fn foreign() -> Fault {
        let what = "The request was sent to another host or by a page of another origin.";
        Fault::new(403, "origin", Event::Usage, what, "Send it from a program, to the address that bfv-serve named.")
    }

    /// The body is too long: 413.
    pub fn too_long(most: usize) -> Fault {
        let what = format!("The body has more than {most} bytes.");
        Fault::new(413, "too-long", Event::Usage, what, "Send fewer goals, or start bfv-serve with a larger --body.")
    }

    /// The head does not come: 408.
    pub fn slow_head(seconds: u64) -> Fault {
        Fault { what: format!("The head was not there after {seconds} s."), ..Fault::slow(seconds) }
    }

    /// What came is no request of HTTP, in the words of a status of its own.
    pub fn no_http(says: &str) -> Fault {
        let status = says.split(' ').next().and_then(|s| s.parse().ok()).unwrap_or(400);
        let what = match status {
            414 => "The path is too long.",
            431 => "The head has too many headers, or they are too long.",
            _ => "This is no request of HTTP 1.1.",
        };
        Fault {
            status,
            ..Fault::malformed(
                "the head of the request",
                what,
                "Send it with a client of HTTP 1.1, and with few headers.",
            )
        }
    }

    /// The body does not come: 408.
    pub fn slow(seconds: u64) -> Fault {
        let what = format!("The body was not there after {seconds} s.");
        Fault::new(408, "slow", Event::Usage, what, "Send it at once.")
    }

    /// The request was sent with a media type that is not read: 415.
    pub fn media_type() -> Fault {
        let what = "The body is not said to be JSON.";
        Fault::new(415, "media-type", Event::Usage, what, "Send the header Content-Type: application/json.")
    }

    /// The client asks too much at once: 429.
    pub fn too_many(seconds: u64) -> Fault {
        let what = "This client has used up its requests.";
        let mend = format!("Wait {seconds} s, then send it again.");
        Fault { retry_after: Some(seconds), ..Fault::new(429, "too-many", Event::Undecided, what, mend) }
    }

    /// All that wait are as many as may wait: 503.
    pub fn busy() -> Fault {
        let what = "Too many requests wait already.";
        Fault {
            retry_after: Some(1),
            ..Fault::new(503, "busy", Event::Undecided, what, "Wait 1 s, then send it again.")
        }
    }

    /// The request was cancelled: 409.
    pub fn cancelled() -> Fault {
        Fault::new(
            409,
            "cancelled",
            Event::Undecided,
            "The request was cancelled.",
            "Send it again if it is still wanted.",
        )
    }

    /// A mistake of bfv: 500.
    pub fn internal(what: impl Into<String>) -> Fault {
        Fault::new(500, "internal", Event::Internal, what, "Report this, with the request that shows it.")
    }

    /// A problem that the driver found, at a place of the request.
    pub fn from_problem(p: &Problem, place: String) -> Fault {
        let event = p.code.event();
        let status = if event == Event::Internal { 500 } else { 422 };
        Fault { place, ..Fault::new(status, p.code.word(), event, p.what.clone(), p.mend.clone()) }
    }

    /// The body of the answer.
    pub fn body(&self, request_id: Option<&str>) -> Value {
        let Fault { status, code, exit_code, what, place, mend, .. } = self;
        let mut out = json!({
            "type": format!("urn:bfv:problem:{code}"), "title": title(*status), "status": status,
            "detail": self.sentences(), "code": code, "exit_code": exit_code, "what": what, "mend": mend,
        });
        if let Value::Object(fields) = &mut out {
            if !place.is_empty() {
                fields.insert("where".into(), place.clone().into());
            }
            if let Some(id) = request_id {
                fields.insert("request_id".into(), id.into());
            }
            if let Some(seconds) = self.retry_after {
                fields.insert("retry_after".into(), seconds.into());
            }
        }
        out
    }

    /// All of it in sentences.
    pub fn sentences(&self) -> String {
        let place = if self.place.is_empty() { String::new() } else { format!(" Place: {}.", self.place) };
        format!("{}{place} To mend it: {}", self.what, self.mend)
    }
}

impl From<bfv_model::Problem> for Fault {
    fn from(p: bfv_model::Problem) -> Fault {
        Fault::malformed(p.place, p.what, p.mend)
    }
}

fn title(status: u16) -> &'static str {
    match status {
        400 => "The request is no message of the protocol",
        401 => "A token is needed",
        403 => "The sender is not allowed",
        404 => "There is no such thing",
        408 => "The request came too slowly",
        405 => "The path has no such method",
        409 => "The request was cancelled, or its id is taken",
        413 => "The body is too long",
        414 => "The path is too long",
        415 => "The body must be JSON",
        431 => "The head is too long",
        422 => "What the request says has a mistake",
        429 => "Too many requests",
        503 => "The service is busy",
        500 => "A mistake of the service",
        _ => "A problem",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Item 19 of the list of accessibility: sentences of at most 20 words, of plain letters.
    #[test]
    fn problems_are_short_sentences() {
        let all = [
            Fault::malformed("the body", "The body is no text in UTF-8.", "Send it as UTF-8."),
            Fault::unknown("There is no such path.", "Read /openapi.json, which lists all paths."),
            Fault::method("This path has no such method.", "Read /openapi.json, which lists all methods."),
            Fault::token(),
            Fault::foreign(),
            Fault::too_long(1000),
            Fault::slow(10),
            Fault::slow_head(10),
            Fault::no_http("400 Bad Request"),
            Fault::no_http("414 URI Too Long"),
            Fault::no_http("431 Request Header Fields Too Large"),
            Fault::media_type(),
            Fault::too_many(1),
            Fault::busy(),
            Fault::cancelled(),
            Fault::internal("The service lost a request."),
        ];
        let codes: std::collections::BTreeSet<&str> = all.iter().map(|f| f.code.as_str()).collect();
        assert!(codes.len() >= 10, "{codes:?}");
        for fault in all {
            let text = fault.sentences();
            assert!(text.is_ascii() && text.ends_with('.'), "{text}");
            for sentence in text.split_inclusive(". ") {
                assert!(sentence.split_whitespace().count() <= 20, "{sentence}");
            }
            let body = fault.body(Some("r"));
            assert_eq!(body.get("request_id").and_then(Value::as_str), Some("r"));
            assert_ne!(title(fault.status), title(0), "the status {} has no title of its own", fault.status)
        }
    }
}
