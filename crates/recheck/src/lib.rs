//! The second judge: a naive implementation of the same rules
