//! The judge: core terms, evaluation, conversion, checking, data types, certificate rules
