//! The interface between goals and engines: budgets, candidates, reasons
