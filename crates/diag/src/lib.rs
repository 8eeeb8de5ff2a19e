//! Files, spans and diagnostics as data
