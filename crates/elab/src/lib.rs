//! From the surface tree to kernel terms
