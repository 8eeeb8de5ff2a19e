//! The butterfly model: a language model over characters whose layers mix chunks of tokens in pairs.
//!
//! Tokens are the 256 characters of Latin-1. A sequence is split into chunks of one length, and in a layer every chunk attends to itself and to one
//! other chunk ([`Sight`]). So a layer costs the same for each token whatever the context is, and after m layers a chunk has heard of 2^m chunks. That,
//! and what the published pairing does not do, is proved in `examples/butterfly.sctt`.
//!
//! Layers have the shape of those of Llama, and weights have the names of such models. Training is by floats ([`train`]), and so is the forward of whole
//! sequences ([`net`]). The streaming step takes one token after the other and keeps for each layer as many keys as the layer can still read, however long
//! the stream is: here in floats ([`stream`]), and over whole numbers in `bfv_exact::pairs`. What the model is worth is measured beside sequences of characters that are counted ([`ngram`]).
//! A model with the published pairing looks ahead. It learns characters that are hidden ([`holes`]), and scores texts from both sides ([`score`]).
//!
//! Nothing here proves or certifies anything. There are no files and no clock. Learning has as many threads as its recipe says.
#![forbid(unsafe_code)]

pub mod holes;
pub mod net;
pub mod ngram;
mod numbers;
pub mod score;
pub mod shape;
pub mod stream;
pub mod text;
pub mod train;
pub mod words;

pub use net::Net;
pub use shape::{Shape, Sight};

/// The tokens: the characters of Latin-1.
pub const VOCAB: usize = 256;
