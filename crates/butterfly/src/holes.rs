//! Texts in which characters are hidden, to be foretold from both sides.
//!
//! A model that looks ahead would see each next character, so that is nothing to be foretold. Where a character is hidden, another one stands that
//! no text has, and what is to be foretold is not in what the model sees (Devlin and others, "BERT", 2019).

use crate::numbers::Random;
use bfv_model::Problem;

/// Stands where a character is hidden: the control character of Latin-1 that is there for a character that is not known.
pub const HOLE: u8 = 0x1a;

/// Of so many characters one is hidden when a model learns: 42 of 256.
pub const LEARNED_SPACING: usize = 6;

/// A text with what is hidden in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holed {
    given: Vec<u8>,
    hidden: Vec<(usize, u8)>,
}

impl Holed {
    /// Hides the characters at these places; what is not in the text is left out, and a place that is named again is hidden once.
    #[must_use]
    pub fn new(text: &[u8], places: impl IntoIterator<Item = usize>) -> Holed {
        let mut places: Vec<usize> = places.into_iter().collect();
        places.sort_unstable();
        places.dedup();
        let mut holed = Holed { given: text.to_vec(), hidden: Vec::new() };
        for place in places {
            if let Some(token) = holed.given.get_mut(place) {
                holed.hidden.push((place, std::mem::replace(token, HOLE)));
            }
        }
        holed
    }

    /// Hides one of so many characters, at places that are drawn.
    pub(crate) fn drawn(text: &[u8], spacing: usize, random: &mut Random) -> Holed {
        let mut places: Vec<usize> = (0..text.len()).collect();
        let hidden = (text.len() / spacing.max(1)).max(1);
        // The first steps of a shuffle (Fisher and Yates, 1938).
        for i in 0..hidden.min(text.len()) {
            places.swap(i, i + random.below(text.len() - i));
        }
        Holed::new(text, places.into_iter().take(hidden))
    }

    /// What a model sees.
    #[must_use]
    pub fn given(&self) -> &[u8] {
        &self.given
    }

    /// What is hidden: places, which ascend, with their characters.
    #[must_use]
    pub fn hidden(&self) -> &[(usize, u8)] {
        &self.hidden
    }
}

/// That a text does not have the character that stands for hidden ones.
///
/// # Errors
/// It does.
pub fn free(text: &[u8]) -> Result<(), Problem> {
    match text.iter().position(|t| *t == HOLE) {
        None => Ok(()),
        Some(i) => {
            let what = format!("Character {i} is the control character 26, which stands for hidden characters.");
            Err(Problem::new("the text", what, "Take that character out."))
        }
    }
}
