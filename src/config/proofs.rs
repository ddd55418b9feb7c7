//! Checks of `dpop`, `mtls` and `require_bound_tokens`.

use std::sync::Arc;

use url::Url;

use self::dpop::check_dpop;
use self::mtls::check_mtls;
use super::error::ConfigError;
use crate::base::url_rule::UrlRule;
use crate::proof::mtls::CertificateSource;
use crate::proof::possession::Proofs;
use crate::proof::{Dpop, Mtls};
use crate::token::KeyProofs;
use crate::wire::resource::BoundTokens;

mod dpop;
mod mtls;

pub(super) use dpop::CheckedDpop;

/// How callers can prove that they hold the key of their token.
#[derive(Debug)]
pub(super) struct CheckedProofs {
    pub(super) dpop: Option<CheckedDpop>,
    pub(super) mtls: Option<CertificateSource>,
}

impl CheckedProofs {
    /// `resource` with its parsed form.
    pub(super) fn of(
        dpop: Option<&Dpop>,
        mtls: Option<&Mtls>,
        resource: Option<(&str, &Url)>,
        rule: UrlRule,
    ) -> Result<Self, ConfigError> {
        let dpop = dpop.map(|dpop| check_dpop(dpop, resource, rule));
        Ok(Self {
            dpop: dpop.transpose()?,
            mtls: mtls.map(check_mtls).transpose()?,
        })
    }

    /// What the policies of the issuers need to know.
    pub(super) const fn accepted(&self) -> KeyProofs {
        KeyProofs {
            dpop: self.dpop.is_some(),
            mtls: self.mtls.is_some(),
        }
    }

    /// What challenges and metadata say, if no issuer requires such tokens.
    pub(super) fn bound_tokens(&self) -> BoundTokens {
        let algs = |dpop: &CheckedDpop| {
            let names: Vec<_> = dpop.algorithms.iter().map(|it| it.name()).collect();
            names.join(" ")
        };
        BoundTokens {
            dpop_algs: self.dpop.as_ref().map(algs),
            mtls: self.mtls.is_some(),
            required: false,
        }
    }

    pub(super) fn into_proofs(self) -> Proofs {
        Proofs {
            dpop: self.dpop.map(|dpop| Arc::new(dpop.into_rules())),
            mtls: self.mtls.map(Arc::new),
        }
    }
}

/// `any` says whether there is any way to prove the possession of a key.
pub(super) fn check_bound_tokens(required: bool, any: bool) -> Result<bool, ConfigError> {
    match required && !any {
        true => Err(ConfigError::Incomplete {
            setting: "require_bound_tokens",
            missing: "dpop or mtls",
        }),
        false => Ok(required),
    }
}
