//! 31: an editor talks with the server: everything that it needs to know comes as text, and only when it changes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use bfv_driver::{Edited, Kind, check_edited};
use bfv_engines::ENGINES;
use bfv_lsp::{lines, server, wire};
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, Response};
use lsp_types::Position;
use serde_json::{Value, json};
use std::sync::Mutex;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const URI: &str = "file:///work/first.sctt";
const TEXT: &str = "import std.nat
def twice (n : Nat) : Nat := n + n
claim right : forall (n : Nat), n + 0 = n by { intro n; refl }
claim wrong : forall (n : Nat), n + 1 = n
claim open_one : exists (x : Nat), x * x * x = 3 * x + 1
claim mistake : forall (n : Nat), n + q = n
claim free (n : Nat) : 0 + n = n
/- \u{fc}\u{1f600} -/ claim cases (n : Nat) : twice n = n + n by { induction n { zero => refl | suc m ih => unfold twice; refl } }
";
/// How long an answer may take on a slow machine before a test says that there is none.
const LONG: Duration = Duration::from_secs(120);

struct Editor {
    own: Connection,
    server: Option<JoinHandle<Result<bool, String>>>,
    next: i32,
}

impl Editor {
    fn start() -> Editor {
        let (own, peer) = Connection::memory();
        let server = Some(std::thread::spawn(move || server::serve(&peer)));
        let mut editor = Editor { own, server, next: 0 };
        let said = editor.ask("initialize", json!({ "capabilities": {} })).unwrap();
        assert_eq!(said["capabilities"]["positionEncoding"], "utf-16");
        editor.tell("initialized", json!({}));
        editor
    }

    fn open(text: &str) -> (Editor, Vec<Value>) {
        let editor = Editor::start();
        editor.opens(URI, text);
        let told = editor.diagnostics(URI);
        (editor, told)
    }

    fn opens(&self, uri: &str, text: &str) {
        let doc = json!({ "uri": uri, "languageId": "sctt", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": doc }));
    }

    fn changes(&self, uri: &str, text: &str) {
        let doc = json!({ "uri": uri, "version": 2 });
        self.tell("textDocument/didChange", json!({ "textDocument": doc, "contentChanges": [{ "text": text }] }));
    }

    fn tell(&self, method: &str, params: Value) {
        self.own.sender.send(Notification::new(method.to_owned(), params).into()).unwrap();
    }

    fn send(&mut self, method: &str, params: Value) -> i32 {
        self.next += 1;
        self.own.sender.send(Request::new(self.next.into(), method.to_owned(), params).into()).unwrap();
        self.next
    }

    fn next(&self) -> Message {
        self.own.receiver.recv_timeout(LONG).expect("the server says nothing")
    }

    /// The answer; nothing else may come before it.
    fn answer(&self, id: i32) -> Result<Value, (i32, String)> {
        match self.next() {
            Message::Response(Response { id: other, response_result }) => {
                assert_eq!(other, id.into());
                response_result.map_err(|e| (e.code, e.message))
            }
            other => panic!("{other:?}"),
        }
    }

    fn ask(&mut self, method: &str, params: Value) -> Result<Value, (i32, String)> {
        let id = self.send(method, params);
        self.answer(id)
    }

    fn at(&mut self, method: &str, at: Position) -> Value {
        self.ask(method, json!({ "textDocument": { "uri": URI }, "position": at })).unwrap()
    }

    fn hover(&mut self, at: Position) -> String {
        let said = self.at("textDocument/hover", at);
        assert_eq!(said["contents"]["kind"], "plaintext");
        said["contents"]["value"].as_str().unwrap().to_owned()
    }

    fn diagnostics(&self, uri: &str) -> Vec<Value> {
        match self.next() {
            Message::Notification(n) if n.method == "textDocument/publishDiagnostics" => {
                assert_eq!(n.params["uri"], uri);
                n.params["diagnostics"].as_array().unwrap().clone()
            }
            other => panic!("{other:?}"),
        }
    }

    fn end(mut self) {
        assert_eq!(self.ask("shutdown", Value::Null), Ok(Value::Null));
        assert_eq!(self.ask("textDocument/hover", json!({})).unwrap_err().0, ErrorCode::InvalidRequest as i32);
        self.tell("exit", Value::Null);
        assert_eq!(self.server.take().unwrap().join().unwrap(), Ok(true));
    }
}

/// The place of a text, counted as editors do.
fn place(text: &str, of: &str) -> Position {
    lines::position(text, text.find(of).unwrap_or_else(|| panic!("{of}")))
}

fn messages(told: &[Value]) -> Vec<String> {
    told.iter().map(|d| d["message"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn problems_and_verdicts_come_as_text_and_only_when_they_change_31() {
    let (mut editor, told) = Editor::open(TEXT);
    let said = messages(&told);
    let severity = |n: usize| told[n]["severity"].as_u64().unwrap();
    assert_eq!(said.len(), 6, "{said:?}");
    assert_eq!((severity(0), said[0].as_str()), (3, "Proved: right, line 3."));
    assert_eq!((severity(1), &told[1]["code"]), (1, &json!("refuted")));
    assert!(said[1].starts_with("Refuted: wrong, line 4. Counterexample: n is "), "{}", said[1]);
    assert_eq!((severity(2), &told[2]["code"]), (2, &json!("unknown")));
    assert!(said[2].starts_with("Unknown: open one, line 5. Reason: "), "{}", said[2]);
    assert_eq!((severity(3), &told[3]["code"]), (1, &json!("E0201")));
    assert!(said[3].contains(" is not known here. To mend it: "), "{}", said[3]);
    assert_eq!(told[3]["range"]["start"], json!({ "line": 5, "character": 38 }));
    assert!(said[5].starts_with("Proved: cases, line 8."), "{}", said[5]);
    // An accent is one unit of UTF-16 and a smiling face two, of two and four bytes.
    assert_eq!(told[5]["range"]["start"], json!({ "line": 7, "character": 16 }));
    assert!(said.iter().all(|m| m.is_ascii()), "{said:?}");

    // Neither the same text nor another one of which the same is to be told is told again: the next message is the answer.
    editor.changes(URI, TEXT);
    editor.changes(URI, &format!("{TEXT}-- A comment.\n"));
    editor.tell("textDocument/didSave", json!({ "textDocument": { "uri": URI } }));
    let mended = TEXT.replace("n + q = n", "n + 0 = n");
    editor.changes(URI, &mended);
    let said = messages(&editor.diagnostics(URI));
    assert!(said[3].starts_with("Proved: mistake, line 6."), "{}", said[3]);
    assert!(editor.hover(place(&mended, "mistake")).contains("Proved: mistake"), "the report is that of this text");
    editor.tell("textDocument/didClose", json!({ "textDocument": { "uri": URI } }));
    assert!(editor.diagnostics(URI).is_empty());
    let gone = editor.ask(
        "textDocument/hover",
        json!({ "textDocument": { "uri": URI }, "position": { "line": 0, "character": 0 } }),
    );
    assert_eq!(gone, Err((ErrorCode::InvalidParams as i32, "This file is not open.".to_owned())));
    editor.end();
}

#[test]
fn hover_and_goals_are_in_words_31() {
    let (mut editor, _) = Editor::open(TEXT);
    let said = editor.hover(place(TEXT, "wrong"));
    assert!(
        said.starts_with("Claim wrong: for all n of type Nat, n plus 1 equals n. Refuted: wrong, line 4."),
        "{said}"
    );
    let said = editor.hover(place(TEXT, "mistake"));
    assert!(said.starts_with("Claim mistake: ") && said.contains(" is not known here."), "{said}");
    assert!(editor.hover(place(TEXT, "twice")).starts_with("Definition twice: "));
    assert_eq!(editor.at("textDocument/hover", Position { line: 0, character: 3 }), Value::Null);
    // Behind a letter of two bytes and one of four.
    let first = editor.at("bfv/goals", place(TEXT, "induction"));
    assert_eq!(first, "Goal 1 of 1: twice of n equals n plus n. n is of type Nat.");
    let step = editor.at("bfv/goals", place(TEXT, "unfold twice"));
    let step = step.as_str().unwrap();
    assert!(
        step.starts_with("Goal 1 of ") && step.contains(" m is of type Nat. ih says twice of m equals m plus m."),
        "{step}"
    );
    assert_eq!(editor.hover(place(TEXT, "unfold twice")), step, "hover in a script says the same");
    let both = editor.at("bfv/goals", place(TEXT, "refl | suc"));
    assert_eq!(both, "Goal 1 of 1: twice of 0 equals 0.");
    let done =
        editor.at("bfv/goals", Position { character: place(TEXT, "refl }\nclaim wrong").character + 5, line: 2 });
    assert_eq!(done, "No goal is left here.");
    assert_eq!(editor.at("bfv/goals", place(TEXT, "wrong")), "There is no script of a claim here.");
    let hole = "import std.nat\nclaim hole : forall (n : Nat), n = n := fun n => ?here\n";
    editor.changes(URI, hole);
    assert_eq!(editor.diagnostics(URI)[0]["code"], "E0303");
    assert!(editor.hover(place(hole, "here")).contains("n equals n"), "{}", editor.hover(place(hole, "here")));
    editor.end();
}

#[test]
fn names_are_found_and_offered_31() {
    let other = "file:///work/other.sctt";
    let text = format!("import other\n{TEXT}claim use (twice : Nat) : twice = twice + shared * 0\n");
    let (mut editor, told) = Editor::open(&text);
    assert!(messages(&told)[0].contains("A module of another file is known while that file is open."), "{told:?}");
    editor.opens(
        other,
        "module other\nimport std.nat\n-- \u{fc}\n/- \u{fc} -/ def shared : Nat := 1\nclaim mine : shared = 1\n",
    );
    assert_eq!(messages(&editor.diagnostics(other)), ["Proved: mine, line 5."]);
    let again = messages(&editor.diagnostics(URI));
    assert!(
        again.iter().all(|m| !m.contains("no module")) && again.last().unwrap().starts_with("Proved: use"),
        "{again:?}"
    );

    let range = |line, start, end| json!({ "start": { "line": line, "character": start }, "end": { "line": line, "character": end } });
    let found = editor.at("textDocument/definition", place(&text, "twice n = n"));
    assert_eq!(found, json!({ "uri": URI, "range": range(2, 4, 9) }));
    let found = editor.at("textDocument/definition", place(&text, "shared"));
    assert_eq!(found, json!({ "uri": other, "range": range(3, 12, 18) }));
    // A variable hides the definition of its name.
    let found = editor.at("textDocument/definition", place(&text, "twice = twice + shared"));
    assert_eq!(found, json!({ "uri": URI, "range": range(9, 11, 16) }));
    for library in ["std.nat", "Nat", "induction"] {
        assert_eq!(editor.at("textDocument/definition", place(&text, library)), Value::Null, "{library}");
    }

    let names = |said: Value| -> Vec<String> {
        said["items"].as_array().unwrap().iter().map(|i| i["label"].as_str().unwrap().to_owned()).collect()
    };
    let in_script = names(editor.at("textDocument/completion", place(&text, "unfold twice")));
    for name in ["twice", "shared", "suc", "induction", "unfold", "box"] {
        assert!(in_script.iter().any(|n| n == name), "{name}");
    }
    let in_statement = names(editor.at("textDocument/completion", place(&text, "n + 1 = n")));
    assert!(in_statement.iter().any(|n| n == "twice") && !in_statement.iter().any(|n| n == "induction"));
    let before = names(editor.at("textDocument/completion", place(&text, "n + n")));
    assert!(!before.iter().any(|n| n == "twice"), "what is declared later is not known");
    editor.end();
}

fn action(editor: &mut Editor, text: &str, of: &str) -> Vec<Value> {
    let at = place(text, of);
    let params = json!({ "textDocument": { "uri": URI }, "range": { "start": at, "end": at }, "context": { "diagnostics": [] } });
    editor.ask("textDocument/codeAction", params).unwrap().as_array().unwrap().clone()
}

#[test]
fn a_proof_that_is_offered_is_one_in_the_text_31() {
    let text = format!("{TEXT}claim doubled (n : Nat) : twice n = n + n\n");
    let (mut editor, _) = Editor::open(&text);
    for (name, full) in [("free", "first.free"), ("doubled", "first.doubled")] {
        let offered = action(&mut editor, &text, name);
        assert!(!offered.is_empty(), "{name}");
        assert_eq!(offered[0]["isPreferred"], true);
        for one in &offered {
            let edit = &one["edit"]["changes"][URI][0];
            let at: Position = serde_json::from_value(edit["range"]["start"].clone()).unwrap();
            let proof = edit["newText"].as_str().unwrap();
            assert!(proof.starts_with(" by { ") && one["title"].as_str().unwrap().ends_with(proof), "{one}");
            let mut edited = text.clone();
            edited.insert_str(lines::offset(&text, at), proof);
            let asked = Edited { name: "/work/first.sctt", text: &edited };
            let report = check_edited(ENGINES, asked, &[], (Some(full), 1_000_000), None);
            assert_eq!(report.goals.len(), 1);
            assert_eq!(report.goals[0].verdict.kind(), Kind::Proved);
            assert_eq!(report.goals[0].proof.as_ref().unwrap().engine, "source", "it is the script that proves it");
        }
    }
    // What is false, what has a proof and what has a mistake gets none.
    for name in ["wrong", "right", "mistake", "twice"] {
        assert!(action(&mut editor, &text, name).is_empty(), "{name}");
    }
    editor.end();
}

#[test]
fn a_question_can_be_cancelled_31() {
    // Its search for a proof takes all the time that it gets.
    let text = "import std.real\nclaim slow : forall (a b c d : Real), a^4 + b^4 + c^4 + d^4 >= 4*a*b*c*d\n";
    let (mut editor, _) = Editor::open(text);
    let at = place(text, "slow");
    let params = json!({ "textDocument": { "uri": URI }, "range": { "start": at, "end": at }, "context": { "diagnostics": [] } });
    let first = editor.send("textDocument/codeAction", params.clone());
    let second = editor.send("textDocument/codeAction", params.clone());
    // The one waits, and the other one is worked on.
    editor.tell("$/cancelRequest", json!({ "id": second }));
    editor.tell("$/cancelRequest", json!({ "id": first }));
    for id in [second, first] {
        assert_eq!(editor.answer(id), Err((ErrorCode::RequestCanceled as i32, "This was cancelled.".to_owned())));
    }
    // By now it is worked on. Uncancelled it would take all of its time.
    let running = editor.send("textDocument/codeAction", params);
    std::thread::sleep(Duration::from_millis(100));
    let start = Instant::now();
    editor.tell("$/cancelRequest", json!({ "id": running }));
    assert_eq!(editor.answer(running).unwrap_err().0, ErrorCode::RequestCanceled as i32);
    assert!(start.elapsed() < Duration::from_millis(4500), "{:?}", start.elapsed());
    assert!(editor.hover(place(text, "slow")).contains("Unknown: slow"), "others are answered after it");
    editor.end();
}

#[test]
fn junk_gets_the_errors_of_the_protocol_31() {
    let (own, peer) = Connection::memory();
    let server = std::thread::spawn(move || server::serve(&peer));
    let mut editor = Editor { own, server: Some(server), next: 0 };
    assert_eq!(editor.ask("textDocument/hover", json!({})).unwrap_err().0, ErrorCode::ServerNotInitialized as i32);
    editor.ask("initialize", json!(7)).unwrap();
    assert_eq!(editor.ask("initialize", json!({})).unwrap_err().0, ErrorCode::InvalidRequest as i32);
    assert_eq!(editor.ask("bfv/nothing", json!([])).unwrap_err().0, ErrorCode::MethodNotFound as i32);
    let wrong = [
        json!(null),
        json!([1]),
        json!({ "position": { "line": -1, "character": 0 } }),
        json!({ "position": { "line": 0, "character": 0 } }),
    ];
    for method in [
        "textDocument/hover",
        "textDocument/definition",
        "textDocument/completion",
        "textDocument/codeAction",
        "bfv/goals",
    ] {
        for params in &wrong {
            let (code, text) = editor.ask(method, params.clone()).unwrap_err();
            assert_eq!(code, ErrorCode::InvalidParams as i32, "{method} {params} {text}");
        }
    }
    editor.tell("textDocument/didOpen", json!({ "textDocument": 1 }));
    editor.changes(URI, "");
    for _ in 0..2 {
        match editor.next() {
            Message::Notification(n) => assert_eq!(n.method, "window/logMessage"),
            other => panic!("{other:?}"),
        }
    }
    editor.tell("$/unknown", json!(1));
    // Texts that are none, and places that are nowhere.
    for text in ["claim", "claim a : by {", "\u{0}\u{fc}", "claim a : 0 = 0 by { induction", "protocol p\n  sort"] {
        editor.opens(URI, text);
        editor.diagnostics(URI);
        for place in [(0, 0), (0, 3), (0, 9), (9, 9), (u32::MAX, u32::MAX)] {
            let params =
                json!({ "textDocument": { "uri": URI }, "position": { "line": place.0, "character": place.1 } });
            for method in ["textDocument/hover", "textDocument/definition", "textDocument/completion", "bfv/goals"] {
                editor.ask(method, params.clone()).unwrap();
            }
        }
    }
    editor.end();
}

#[test]
fn bytes_that_are_no_message_are_answered_31() {
    let frame = |text: &str| format!("Content-Length: {}\r\n\r\n{text}", text.len());
    let good = r#"{"jsonrpc":"2.0","id":1,"method":"shutdown"}"#;
    let input = frame("{") + &frame(r#"{"id":"a","x":1}"#) + &frame(good) + "nonsense\r\n\r\n" + &frame(good);
    let (own, peer) = Connection::memory();
    let output = Mutex::new(Vec::new());
    let why = wire::read(&mut input.as_bytes(), &output, &own.sender).unwrap_err();
    assert!(why.starts_with("A line of the header has no colon"), "{why}");
    assert_eq!(peer.receiver.try_iter().count(), 1, "the one message is handed on");
    let said = String::from_utf8(output.into_inner().unwrap()).unwrap();
    let codes: Vec<&str> = said.split("\"code\":").skip(1).map(|s| s.split([',', '}']).next().unwrap()).collect();
    assert_eq!(codes, ["-32700", "-32600", "-32700"], "{said}");
    assert!(said.contains("\"id\":\"a\""), "{said}");
    // What is too long, and what ends in the middle.
    let long = format!("Content-Length: {}\r\n\r\n", usize::MAX);
    assert!(wire::read(&mut long.as_bytes(), &Mutex::new(Vec::new()), &own.sender).is_err());
    assert_eq!(wire::read(&mut "Content-Length: 9\r\n\r\n{".as_bytes(), &Mutex::new(Vec::new()), &own.sender), Ok(()));
}

/// Editors escape what stands in paths, each in its own way. The modules are those that the files have names of.
#[test]
fn item_31_files_with_escaped_names_import_each_other() {
    let editor = Editor::start();
    let (base, user) = ("file:///my%20work/b%61se.sctt", "file:///my%20work/%75ser.sctt");
    editor.opens(base, "def twice (n : Nat) : Nat := n + n\n");
    assert_eq!(editor.diagnostics(base), [] as [Value; 0]);
    editor.opens(user, "import base\nclaim right (n : Nat) : twice n = n + n by unfold twice refl\n");
    let told = editor.diagnostics(user);
    assert!(told.iter().all(|d| d["severity"] != 1), "{told:?}");
    // A module that is not open is not read from the disk, and the message says so.
    editor.changes(user, "import bases\nclaim right : 0 = 0\n");
    let told = editor.diagnostics(user);
    assert!(told[0]["message"].as_str().unwrap().contains("There is no module `bases`."), "{told:?}");
    editor.end();
}
