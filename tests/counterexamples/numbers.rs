//! Numbers of the table, read from its words and written as the language writes them.

use serde_json::Value;

/// A number or a list of numbers of the table, exactly, as the language writes it.
pub fn v(value: &Value) -> String {
    let text = match value {
        Value::Array(items) => return format!("[{}]", items.iter().map(v).collect::<Vec<_>>().join(", ")),
        Value::String(s) => s.trim().to_owned(),
        Value::Number(n) => without_exponent(&n.to_string()),
        other => panic!("no number: {other}"),
    };
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |d| ("-", d));
    let digits = digits.strip_suffix(".0").unwrap_or(digits);
    let digits = if digits.starts_with('.') { format!("0{digits}") } else { digits.to_owned() };
    assert!(digits.chars().all(|c| c.is_ascii_digit() || c == '.' || c == '/'), "no exact number: {text}");
    if sign.is_empty() && !digits.contains('/') { digits } else { format!("({sign}{digits})") }
}

/// A number such as 1e-12, as a fraction.
pub fn without_exponent(text: &str) -> String {
    let Some((mantissa, exponent)) = text.split_once('e') else { return text.to_owned() };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let places = i64::try_from(fraction.len()).unwrap() - exponent.parse::<i64>().unwrap();
    let zeros = "0".repeat(usize::try_from(places.abs()).unwrap());
    if places > 0 { format!("{whole}{fraction}/1{zeros}") } else { format!("{whole}{fraction}{zeros}") }
}

pub fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap()
}

pub fn len(value: &Value) -> usize {
    list(value).len()
}

pub fn whole(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

/// All but the last element.
pub fn init(value: &Value) -> Value {
    Value::Array(list(value)[..len(value) - 1].to_vec())
}

pub fn last(value: &Value) -> &Value {
    list(value).last().unwrap()
}

/// A list of vectors of one number each.
pub fn column<'a>(parts: impl IntoIterator<Item = &'a Value>) -> String {
    let items: Vec<String> = parts.into_iter().flat_map(list).map(|x| format!("[{}]", v(x))).collect();
    format!("[{}]", items.join(", "))
}

/// What stands after the last equals sign of each part of "M(x)=0,M(x')=1".
pub fn values(words: &Value) -> Vec<&str> {
    words.as_str().unwrap().split(',').map(|part| part.rsplit('=').next().unwrap()).collect()
}

/// The two numbers in words such as "(w,x)=(0,1) -> 0".
pub fn pair(words: &Value) -> (&str, &str) {
    words.as_str().unwrap().rsplit_once('(').unwrap().1.split_once(')').unwrap().0.split_once(',').unwrap()
}

/// Truth values from words, such as "right".
pub fn truths(words: &Value, yes: &str) -> Vec<&'static str> {
    list(words).iter().map(|w| if w == yes { "true" } else { "false" }).collect()
}

/// The values of a claim about a point between two sides.
pub fn sides(before: &str, c: &Value) -> Vec<String> {
    vec![format!("{before} (left := {}) (right := {})", v(&c["left"]), v(&c["right"]))]
}
