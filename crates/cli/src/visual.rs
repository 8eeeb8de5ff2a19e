//! The visual layout: a picture of the source with the place marked.

use crate::answer::Picture;
use ariadne::{CharSet, Config, IndexType, Label, Report, ReportKind, Source};

/// Draws a picture; empty when the place does not lie in the text.
pub fn draw(picture: &Picture, color: bool) -> String {
    let range = picture.place.bytes.clone();
    if picture.source.get(range.clone()).is_none() {
        return String::new();
    }
    let file = picture.place.file.as_str();
    let config = Config::default().with_color(color).with_char_set(CharSet::Unicode).with_index_type(IndexType::Byte);
    let mut out = Vec::new();
    let drawn = Report::build(ReportKind::Custom("Place", ariadne::Color::Primary), (file, range.clone()))
        .with_config(config)
        .with_label(Label::new((file, range)).with_message(&picture.label))
        .finish()
        .write((file, Source::from(picture.source.as_str())), &mut out);
    match drawn {
        Ok(()) if color => String::from_utf8_lossy(&out).into_owned(),
        Ok(()) => without_colour(&String::from_utf8_lossy(&out)),
        Err(_) => String::new(),
    }
}

/// The library colours the word of a report of our own kind even when told not to.
fn without_colour(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out += part.split_once('m').map_or(part, |(_, rest)| rest);
    }
    out
}
