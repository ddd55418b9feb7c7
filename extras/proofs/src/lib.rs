//! DPoP proofs (RFC 9449) by the dozen: `second_opinion` shows each to this crate and to another
//! one, and `minute` sends as many as the machine can take.

pub mod rows;
pub mod scene;
pub mod servers;
