//! The exit code, decided in this one place.

/// Something that keeps a command from exiting with 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// bfv is broken: 70.
    Internal,
    /// Something could not be read or written: 74.
    InputOutput,
    /// The command line or the settings are wrong: 2.
    Usage,
    /// The source is ill-formed: 3.
    IllFormed,
    /// A decided verdict other than the expected one, or a rejected certificate: 1.
    UnexpectedVerdict,
    /// Unknown or undecided: 4.
    Undecided,
    /// A tool asked for by name is missing: 6.
    ToolMissing,
    /// The gate's policy is not met: 5.
    Policy,
}

impl Event {
    /// The codes by priority: the first that applies wins.
    pub const PRIORITY: [(Event, u8); 8] = [
        (Event::Internal, 70),
        (Event::InputOutput, 74),
        (Event::Usage, 2),
        (Event::IllFormed, 3),
        (Event::UnexpectedVerdict, 1),
        (Event::Undecided, 4),
        (Event::ToolMissing, 6),
        (Event::Policy, 5),
    ];
}

/// The exit code for what happened; 0 when nothing did.
#[must_use]
pub fn exit_code(events: &[Event]) -> u8 {
    Event::PRIORITY.iter().find(|(e, _)| events.contains(e)).map_or(0, |(_, code)| *code)
}
