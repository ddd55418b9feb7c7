use crate::base::proof_fault::ProofFault;

/// Why a proof is refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ProofError {
    Fault {
        /// What the sender learns.
        fault: ProofFault,
        /// The check that failed, for the log.
        step: &'static str,
        /// The URL that the proof names and the expected one, escaped and cut, if they differ.
        urls: Option<Box<(String, String)>>,
    },
    /// The key is not the one that the token is bound to (step 8), so the token is refused.
    OtherKey,
}

impl ProofError {
    pub(crate) const fn new(fault: ProofFault, step: &'static str) -> Self {
        Self::Fault {
            fault,
            step,
            urls: None,
        }
    }

    pub(super) const fn malformed(step: &'static str) -> Self {
        Self::new(ProofFault::Malformed, step)
    }
}
