//! JSON: what is read, and where it stops at what is none.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bfv_model::json::{DEPTH_LIMIT, Json, Value, read};

fn value(text: &str) -> Value {
    read(text).unwrap().value
}

fn refused(text: &str, place: &str, what: &str) {
    let problem = read(text).unwrap_err();
    assert_eq!((problem.place.as_str(), problem.what.as_str()), (place, what), "{text}");
    assert!(problem.mend.ends_with('.') && problem.mend.split(' ').count() <= 20);
}

#[test]
fn values_of_every_kind_are_read() {
    let text = " { \"a\" : [ 1 , -2.50e+3, true, false, null ] ,\r\n\t\"b\":{} , \"\": \"\" , \"c\":[] }\n";
    let Value::Object(all) = value(text) else { panic!() };
    let names: Vec<&str> = all.iter().map(|(n, _)| n.as_str()).collect();
    assert_eq!(names, ["a", "b", "", "c"]);
    let Value::List(list) = &all[0].1.value else { panic!() };
    let values: Vec<Value> = list.iter().map(|j| j.value.clone()).collect();
    let number = |n: &str| Value::Number(n.into());
    // Numbers keep their digits.
    assert_eq!(values, [number("1"), number("-2.50e+3"), Value::Truth(true), Value::Truth(false), Value::Null]);
    assert_eq!(list[1].at, text.find("-2").unwrap());
    assert_eq!(value("0"), number("0"));
    assert_eq!(value("-0.0"), number("-0.0"));
    assert_eq!(read("7").unwrap(), Json { at: 0, value: number("7") });
}

#[test]
fn escapes_give_their_characters() {
    assert_eq!(
        value(r#""\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00z""#),
        Value::Text("\"\\/\u{8}\u{c}\n\r\tA\u{e9}\u{1f600}z".into())
    );
    assert_eq!(value("\"\u{e9}\u{1f600}\""), Value::Text("\u{e9}\u{1f600}".into()));
    for half in [r#""\ud83d""#, r#""\ude00""#, r#""\ud83d\ud83d""#, r#""\ud83dx12345""#, r#""\ud83d\n""#] {
        assert!(read(half).is_err(), "{half}");
    }
    refused(r#""\ude00""#, "line 1, column 8", "This is half of a character.");
    refused(r#""\u12g4""#, "line 1, column 2", "A code of a character is cut off.");
    refused("\"\\u+123\"", "line 1, column 2", "A code of a character is cut off.");
    refused("\"\\u123\u{e9}\"", "line 1, column 2", "A code of a character is cut off.");
    refused(r#""\x""#, "line 1, column 2", "This backslash begins no known character.");
    refused("\"a\nb\"", "line 1, column 3", "A text has a control character.");
    refused("\"a\0b\"", "line 1, column 3", "A text has a control character.");
    refused("\"ab", "line 1, column 4", "The text has no end.");
}

#[test]
fn a_name_that_stands_twice_is_refused() {
    refused("{\"a\": 1,\n \"b\": 2,\n \"a\": 1}", "line 3, column 2", "The name \"a\" stands twice.");
    // Written in two ways it is still one name.
    refused(r#"{"a": 1, "\u0061": 2}"#, "line 1, column 10", "The name \"a\" stands twice.");
    // In different objects it may stand again.
    read(r#"{"a": {"a": [{"a": 1}, {"a": 2}]}}"#).unwrap();
}

#[test]
fn what_is_no_json_is_refused() {
    for (text, place, what) in [
        ("", "line 1, column 1", "There is no value of JSON here."),
        ("tru", "line 1, column 1", "There is no value of JSON here."),
        ("'a'", "line 1, column 1", "There is no value of JSON here."),
        ("NaN", "line 1, column 1", "There is no value of JSON here."),
        ("+1", "line 1, column 1", "There is no value of JSON here."),
        (".5", "line 1, column 1", "There is no value of JSON here."),
        ("[1,]", "line 1, column 4", "There is no value of JSON here."),
        ("01", "line 1, column 1", "This is no number of JSON."),
        ("1.", "line 1, column 1", "This is no number of JSON."),
        ("-", "line 1, column 1", "This is no number of JSON."),
        ("1e", "line 1, column 1", "This is no number of JSON."),
        ("1e+-2", "line 1, column 1", "This is no number of JSON."),
        ("{\"a\":1,}", "line 1, column 8", "There is no name of a field here."),
        ("{a:1}", "line 1, column 2", "There is no name of a field here."),
        ("{\"a\" 1}", "line 1, column 6", "There is no colon after the name."),
        ("[1 2]", "line 1, column 4", "There is neither a comma nor the closing bracket here."),
        ("[1", "line 1, column 3", "There is neither a comma nor the closing bracket here."),
        ("{\"a\":1", "line 1, column 7", "There is neither a comma nor the closing bracket here."),
        ("1 // one", "line 1, column 3", "Something follows the value."),
        ("{} {}", "line 1, column 4", "Something follows the value."),
        ("\u{feff}1", "line 1, column 1", "There is no value of JSON here."),
        ("1\u{a0}", "line 1, column 2", "Something follows the value."),
    ] {
        refused(text, place, what);
    }
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    read(&nested(DEPTH_LIMIT)).unwrap();
    let problem = read(&nested(DEPTH_LIMIT + 1)).unwrap_err();
    assert!(problem.what.contains("deeper than 32"), "{problem}");
    // Much deeper ends as soon, without a large stack.
    let deep = "[".repeat(1 << 22);
    std::thread::Builder::new().stack_size(1 << 18).spawn(move || read(&deep).unwrap_err()).unwrap().join().unwrap();
    read(&"{\"a\":".repeat(1 << 20)).unwrap_err();
}

/// Every text of a few characters that matter is read or refused, and what is read ends where it should.
#[test]
fn short_texts_never_panic() {
    let alphabet: Vec<char> = "{}[]\",:\\u0d8-1.e \u{e9}tn".chars().collect();
    let mut state = 1u64;
    let mut read_well = 0;
    for _ in 0..200_000 {
        let mut text = String::new();
        let length = 1 + state % 12;
        for _ in 0..length {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let n = usize::try_from(state >> 33).unwrap();
            text.push(alphabet[n % alphabet.len()]);
        }
        read_well += usize::from(read(&text).is_ok());
    }
    assert!(read_well > 100, "{read_well}");
}
