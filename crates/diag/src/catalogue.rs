//! The fixed catalogue of codes.
//!
//! To add a code, add one entry below; ids of a block stay in order and are never reused.
//! E01xx: reading a text. E02xx and E03xx: giving it meaning.

/// A text that shows a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sample {
    /// The text itself.
    Text(&'static [u8]),
    /// A text too long to write out: a part repeated between a beginning and an end.
    Repeat {
        /// The beginning.
        before: &'static str,
        /// What is repeated.
        part: &'static str,
        /// How often.
        times: usize,
        /// The end.
        after: &'static str,
    },
}

impl Sample {
    /// The bytes of the text.
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Sample::Text(bytes) => bytes.to_vec(),
            Sample::Repeat { before, part, times, after } => {
                [before, part.repeat(*times).as_str(), after].concat().into_bytes()
            }
        }
    }
}

macro_rules! catalogue {
    ($($name:ident, $id:literal, $title:literal, $explanation:literal, $sample:expr;)*) => {
        /// A code of the catalogue.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $title] $name,)*
        }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            /// The id shown to people, such as `E0101`.
            pub fn id(self) -> &'static str {
                match self { $(Code::$name => $id,)* }
            }

            /// A few words.
            pub fn title(self) -> &'static str {
                match self { $(Code::$name => $title,)* }
            }

            /// One paragraph: what the code means and what to do.
            pub fn explanation(self) -> &'static str {
                match self { $(Code::$name => $explanation,)* }
            }

            /// A text that gives this code.
            pub fn sample(self) -> Sample {
                match self { $(Code::$name => $sample,)* }
            }

            /// The code with the given id, in upper or lower case.
            pub fn from_id(id: &str) -> Option<Code> {
                Code::ALL.iter().copied().find(|code| code.id().eq_ignore_ascii_case(id))
            }
        }
    };
}

catalogue! {
    // E010x, E011x: characters and words.
    InvalidUtf8, "E0101", "Invalid UTF-8",
        "A source file is UTF-8 text. Some bytes of this file are no UTF-8. Save the file as UTF-8.",
        Sample::Text(b"def a : Nat := \xFF1\n");
    ByteOrderMark, "E0102", "Byte order mark",
        "A byte order mark is accepted as the first character of a file, where it is skipped. It has no meaning elsewhere. The marks of UTF-16 are refused, for a source file is UTF-8 text.",
        Sample::Text(b"def a : Nat := \xEF\xBB\xBF1\n");
    NulCharacter, "E0103", "NUL character",
        "A NUL character is refused everywhere in a source file, in comments too. It often means that the file is not text.",
        Sample::Text(b"def a : Nat := 1\0\n");
    UnknownCharacter, "E0104", "Unknown character",
        "The language is written in ASCII, with a few mathematical signs accepted beside it. Names are made of ASCII letters, digits, underscores, primes and dots. Other characters may stand in comments and strings only.",
        Sample::Text(b"def a : Nat := 1 $ 2\n");
    HiddenCharacter, "E0105", "Hidden direction character",
        "Characters that turn the direction of writing make a text look different from what is checked. They are refused everywhere, also in comments and strings.",
        Sample::Text(b"-- \xE2\x80\xAE hidden\ndef a : Nat := 1\n");
    UnclosedComment, "E0106", "Unclosed comment",
        "A comment that starts with a slash and a dash ends with a dash and a slash. Comments nest, so each start needs its own end.",
        Sample::Text(b"def a : Nat := 1\n/- never closed\n");
    UnclosedString, "E0107", "Unclosed string",
        "A string ends with a double quote on the line where it starts.",
        Sample::Text(b"@[reference \"Mathlib]\naxiom a : Nat\n");
    UnknownEscape, "E0108", "Unknown escape",
        "A backslash in a string may stand before a double quote, a backslash, or an n for a new line.",
        Sample::Text(b"@[reference \"a\\qb\"]\naxiom a : Nat\n");
    NumberTooLong, "E0109", "Number too long",
        "A number may have at most 10000 digits.",
        Sample::Repeat { before: "def a : Nat := ", part: "7", times: 10_001, after: "\n" };
    NumberThenLetter, "E0110", "Letter after a number",
        "A name starts with a letter or an underscore. Multiplication is always written with a star, so 2x is written 2 * x.",
        Sample::Text(b"def a (x : Real) : Real := 2x\n");
    FileTooLarge, "E0111", "File too large",
        "A file may have at most 64 MiB and at most 4000000 words and signs. Split it into several modules. A protocol may have at most 20000 words and signs.",
        Sample::Repeat { before: "", part: "                ", times: (1 << 22) + 1, after: "" };
    TooManyErrors, "E0112", "Too many errors",
        "At most 20 errors of one file are shown, and at most 100 are looked for. Mend the first ones and check again.",
        Sample::Repeat { before: "", part: "def ;\n", times: 200, after: "" };
    NotSource, "E0113", "Not a source file",
        "The file is a picture, a document, a program or a text of another kind. A source file is UTF-8 text, and its name ends in .sctt.",
        Sample::Text(b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR\0\0\x02\0");
    // E012x, E013x: declarations and expressions.
    UnexpectedToken, "E0120", "Unexpected word or sign",
        "A word or sign stands where the grammar does not allow it. The message says what could stand there.",
        Sample::Text(b"def a : Nat := 1 + * 2\n");
    UnexpectedEnd, "E0121", "Unexpected end",
        "A declaration stops before it is complete. The message says what could come next.",
        Sample::Text(b"def a : Nat := 1 +\n");
    UnclosedBracket, "E0122", "Unclosed bracket",
        "A bracket was opened and never closed. The diagnostic names the place where it was opened.",
        Sample::Text(b"def a : Nat := (1 + 2\n\ndef b : Nat := 3\n");
    UnmatchedBracket, "E0123", "Unmatched closing bracket",
        "A closing bracket stands where no bracket is open, or where a bracket of another shape is open.",
        Sample::Text(b"def a : Nat := (1 + 2]\n");
    NestingTooDeep, "E0124", "Nesting too deep",
        "Brackets may be nested 2000 deep, and an expression may be 5000 operations deep; a sum of 5000 terms counts as 5000. Give parts a name by a definition.",
        Sample::Repeat { before: "def a : Nat := ", part: "(", times: 2001, after: "" };
    MisplacedHeader, "E0125", "Module or import out of place",
        "A file starts with at most one module line, then its imports, then its declarations.",
        Sample::Text(b"def a : Nat := 1\nimport std.real\n");
    OutsideDeclaration, "E0126", "Text outside a declaration",
        "A file consists of declarations. Each starts with one of the words def, theorem, axiom, operator, claim, data, unit and protocol, or with an attribute.",
        Sample::Text(b"lemma a : Nat := 1\n");
    MixedComparison, "E0127", "Comparisons that do not form a chain",
        "Comparisons may be chained when all of them point the same way, as in 0 <= t <= 1. A chain means the conjunction of its parts, and its middle parts hold no chain.",
        Sample::Text(b"claim c (a b : Real) : a < b > a\n");
    NotAssociative, "E0128", "Operator that does not chain",
        "The equivalence sign joins two propositions. Three of them in a row need parentheses.",
        Sample::Text(b"claim c (a b : Real) : a = b <-> b = a <-> a = a\n");
    BadFace, "E0129", "Face that is no equation",
        "A face of hcom is a conjunction of equations between dimensions, such as i = 0 /\\ j = 1.",
        Sample::Text(b"def a (A : U 0) (x : A) : A := hcom 0 1 A [x => fun j => x] x\n");
    BadNumber, "E0130", "Number of the wrong kind",
        "The level of a universe is a whole number below 4294967296. A number in a pattern is a whole number.",
        Sample::Text(b"def a : U 1 := U 0.5\n");
    MissingBody, "E0131", "Declaration without a body",
        "A def, an operator and a theorem need a body: a colon, an equals sign and an expression, or clauses, or by and a proof. Only an axiom and a claim may stop after the type.",
        Sample::Text(b"theorem a : 1 = 1\n");
    MisplacedBody, "E0132", "Body that does not fit",
        "An axiom has no body. Only a claim may be refuted at a point. Only a def, an operator or a theorem is given by clauses.",
        Sample::Text(b"axiom a : Nat := 1\n");
    UnclosedProtocol, "E0133", "Protocol without an end",
        "The block of a protocol starts with the word protocol at the start of a line. It ends with the word end. Its items stand between the two.",
        Sample::Text(b"protocol p {n : Nat}\n  relation done : Fin n -> Bool\n\ndef a : Nat := 1\n");
    // E02xx: names, types, declarations.
    UnknownName, "E0201", "Unknown name",
        "A name is used that neither an earlier declaration nor an imported module gives. The message suggests names that are close, or the module to import.",
        Sample::Text(b"def a : Nat := bb\n");
    AmbiguousName, "E0202", "Ambiguous name",
        "Two imported modules declare the name. Write the full name, with its module.",
        Sample::Text(b"import std.nat\nimport std.real\n\ndef a (x : Nat) : Nat := pow x 2\n");
    DuplicateName, "E0203", "Name declared twice",
        "A module may declare a name once, and two files of one run may not be the same module. Claims and modules differ in more than the case of letters. Otherwise their proofs would share a file on some systems.",
        Sample::Text(b"def a : Nat := 1\ndef a : Nat := 2\n");
    UnknownModule, "E0204", "Unknown module",
        "An import names a module that is neither in the library nor among the files given.",
        Sample::Text(b"import std.nothing\n\ndef a : Nat := 1\n");
    TypeMismatch, "E0210", "Type mismatch",
        "A term has another type than the one needed at its place. Numbers of type Nat are taken as Real where a Real is needed, not the other way round.",
        Sample::Text(b"def a : Nat := true\n");
    NotAFunction, "E0211", "Not a function",
        "Something is applied to an argument, but it is no function, or it has all its arguments already.",
        Sample::Text(b"def a (n : Nat) : Nat := n n\n");
    NotAType, "E0212", "Not a type",
        "A type or a statement is needed, but a term of another kind stands there.",
        Sample::Text(b"def a : 1 := 2\n");
    NotAProposition, "E0213", "Not a proposition",
        "A claim states something that is true or false: an equation or an order, joined by and, or, not, implies, for all, exists. With the attribute `type` before it, a claim may be any type.",
        Sample::Text(b"claim a : Nat\n");
    CannotInfer, "E0214", "Cannot be inferred",
        "An implicit argument or a type does not follow from what is written. Give it by name, or state the type.",
        Sample::Text(b"claim a : forall x, x = x\n");
    NotSupported, "E0215", "Not supported here",
        "The expression or declaration has no meaning at this place.",
        Sample::Text(b"def a : Nat := \"text\"\n");
    BadPattern, "E0216", "Pattern that does not fit",
        "Patterns give one case for each constructor, and each clause is reached. A function may call itself only on a variable directly below the constructor. A name that is nearly a constructor is refused, for as a variable it would fit everything.",
        Sample::Text(b"def a : Nat -> Nat\n| zero => 1\n");
    BadAttribute, "E0217", "Attribute that does not fit",
        "An attribute is missing, unknown, at the wrong place, or has a value that does not fit. An axiom names its bundle and the theorem that implies it.",
        Sample::Text(b"axiom a : 1 = 1\n");
    BadWitness, "E0218", "Witness that does not fit",
        "A witness gives values for the variables of the claim by their names. Its hypotheses hold at this point, and the conclusion is false there.",
        Sample::Text(b"claim a (n : Nat) : n = 0 refuted at (m := 1)\n");
    KernelRefused, "E0220", "Refused by the kernel",
        "The kernel refuses what was elaborated. The message carries its reason.",
        Sample::Text(b"data Bad : U 0\n| mk (f : Bad -> Empty)\n");
    LimitReached, "E0221", "Limit reached",
        "Computing used up its steps or its depth. Make the declaration smaller.",
        Sample::Text(b"def count : Nat -> Nat\n| 0 => 0\n| suc n => suc (count n)\n\ntheorem a : count 9999999 = 0 by refl\n");
    UnitMismatch, "E0222", "Different units",
        "Quantities are added, subtracted and compared in one unit. A product has the product of the units, a quotient their quotient, and a plain number has none. Units are checked before the kernel sees the declaration, and then left out.",
        Sample::Text(b"import std.units\n\ndef a (wait : Real [ms]) (price : Real [usd]) : Real [ms] := wait + price\n");
    BadUnit, "E0223", "Not a unit",
        "In the brackets after Real, Nat or Int stands one unit: names, joined by a star and a slash, with whole powers.",
        Sample::Text(b"import std.units\n\ndef a (x : Real [ms + usd]) : Nat := 1\n");
    NoDecision, "E0224", "Protocol without a decision",
        "A protocol says by the word decides which relation is its decision, and a command changes that relation. Statements about agreement speak of the decision.",
        Sample::Text(b"import std.protocol\n\nprotocol p {n : Nat}\n  relation done : Fin n -> Bool\n  command finish (w : Fin n) do done w := true\n  safety fine : forall w, done w -> done w\nend\n");
    BadAssignment, "E0225", "Change that does not fit",
        "A command changes messages, relations and functions of its protocol, each at most once. It changes one at some of its first arguments, which are positions or natural numbers, or as a whole. All changes of a command are made at once, and what they say is read in the state before.",
        Sample::Text(b"import std.protocol\n\nprotocol p {n : Nat}\n  relation done : Fin n -> Bool\n  command finish (w : Fin n) do finished w := true\n  command start (w : Fin n) do done w := true\n  decides done\n  safety fine : forall w, done w -> done w\nend\n");
    ForeignMessage, "E0226", "Message in the name of another",
        "The first argument of a message is its sender. A worker signs messages in its own name only. So the sender is an argument of the command that sends the message. What Byzantine workers send needs no command: each message has one for them.",
        Sample::Text(b"import std.protocol\n\nprotocol p {n : Nat} (leader : Fin n)\n  message sent : Fin n -> Bool\n  relation done : Fin n -> Bool\n  command finish (w : Fin n) do sent leader := true, done w := true\n  decides done\n  safety fine : forall w, done w -> done w\nend\n");
    ProtocolName, "E0227", "Name that a protocol uses otherwise",
        "Inside a protocol a name has one meaning. A bound variable does not have the name of a parameter or of an item. Some names are kept for what a protocol becomes.",
        Sample::Text(b"import std.protocol\n\nprotocol p {n : Nat}\n  relation done : Fin n -> Bool\n  command finish (w : Fin n) do done w := true\n  decides done\n  safety fine : forall done : Nat, done = done\nend\n");
    NoSafety, "E0228", "Protocol that claims nothing",
        "A protocol has at least one safety property, or one liveness property. The first is a statement that holds in every state that a run reaches.",
        Sample::Text(b"import std.protocol\n\nprotocol p {n : Nat}\n  relation done : Fin n -> Bool\n  command finish (w : Fin n) do done w := true\n  decides done\nend\n");
    BadItem, "E0229", "Item of a protocol that does not fit",
        "A message or a relation is true or false. The first argument of a message is its sender, of the sort of the Byzantine set. There is at most one such set. A sort or a quorum is short, for it is written out wherever it is used. Sorts, quorums, what is given and what functions are at first do not depend on the state.",
        Sample::Text(b"import std.protocol\n\nprotocol p {n : Nat}\n  relation done : Fin n -> Nat\n  command finish (w : Fin n) do done w := 1\n  decides done\n  safety fine : forall w, done w = done w\nend\n");
    NoFairness, "E0230", "Liveness without fairness",
        "A liveness property says that something comes true in every run without end. It names the commands that are treated fairly: one that stays possible is taken again and again. Else a run may stand still for ever, and the claim is false of every protocol.",
        Sample::Text(b"import std.live\n\nprotocol p {n : Nat}\n  relation done : Fin n -> Bool\n  command finish (w : Fin n) do done w := true\n  decides done\n  live finished : forall w, done w\nend\n");
    // E03xx: proof scripts.
    StepFailed, "E0301", "Step that fails",
        "A step of a proof script does not apply to its goal. The message shows the goal.",
        Sample::Text(b"theorem a : 1 < 2 by split\n");
    GoalsLeft, "E0302", "Open goals",
        "A proof script ends before every goal is proved.",
        Sample::Text(b"theorem a (n : Nat) : n = n by show n = n\n");
    OpenHole, "E0303", "Open hole",
        "A hole was left in a term. The message shows what it must be, and what is known there.",
        Sample::Text(b"def a (n : Nat) : Nat := ?here\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ids_are_distinct_and_in_order() {
        let ids: Vec<&str> = Code::ALL.iter().map(|c| c.id()).collect();
        let sorted: Vec<&str> = ids.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        assert_eq!(ids, sorted);
        for code in Code::ALL {
            assert_eq!(Code::from_id(&code.id().to_lowercase()), Some(*code));
            assert_eq!(code.id().len(), 5, "{}", code.id());
        }
        assert_eq!(Code::from_id("E9999"), None);
    }

    #[test]
    fn texts_are_plain_sentences() {
        for code in Code::ALL {
            assert!(!code.title().is_empty() && !code.title().ends_with('.'), "{}", code.id());
            assert!(code.explanation().ends_with('.'), "{}", code.id());
            assert!(code.explanation().is_ascii() && code.title().is_ascii(), "{}", code.id());
            assert!(!code.sample().bytes().is_empty(), "{}", code.id());
        }
    }
}
