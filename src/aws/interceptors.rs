//! What every call passes on its way out: it is counted, it is sent once if it changes something, and in a plan it must change nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_config::retry::RetryConfig;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// Counts calls by service and operation, each attempt once.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally(Arc<Mutex<BTreeMap<(String, String), u64>>>);

impl Tally {
    pub(super) fn counts(&self) -> BTreeMap<(String, String), u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[dyn_dispatch_hint]
impl Intercept for Tally {
    fn name(&self) -> &'static str {
        "Tally"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(operation) = config.load::<Metadata>() {
            let key = (operation.service().to_owned(), operation.name().to_owned());
            *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default() += 1;
        }
        Ok(())
    }
}

/// Lets only calls through that change nothing.
#[derive(Debug)]
pub(super) struct ReadOnly;

/// The operation would change something.
#[derive(Debug)]
struct WouldWrite(String);

impl fmt::Display for WouldWrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a plan must not write, and {} does", self.0)
    }
}

impl std::error::Error for WouldWrite {}

#[dyn_dispatch_hint]
impl Intercept for ReadOnly {
    fn name(&self) -> &'static str {
        "ReadOnly"
    }

    fn read_before_serialization(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        match config.load::<Metadata>() {
            Some(operation) if reads(operation.name()) => Ok(()),
            operation => Err(WouldWrite(operation.map_or("an unnamed call", Metadata::name).to_owned()).into()),
        }
    }
}

/// Sends what changes something once only. Sending it again is the engine's decision, after a look: the SDK repeats timeouts and 5xx for
/// every operation, idempotent or not, so one `CreateVpc` could make two; and an update that timed out and was repeated may still arrive
/// when the repetition has long been answered.
#[derive(Debug)]
pub(super) struct SendOnce;

#[dyn_dispatch_hint]
impl Intercept for SendOnce {
    fn name(&self) -> &'static str {
        "SendOnce"
    }

    fn read_before_serialization(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if config.load::<Metadata>().is_none_or(|operation| !reads(operation.name())) {
            config.interceptor_state().store_put(RetryConfig::disabled());
        }
        Ok(())
    }
}

/// Whether an operation changes nothing, by AWS's own naming.
fn reads(operation: &str) -> bool {
    ["Describe", "Get", "Head", "List"].iter().any(|verb| operation.starts_with(verb))
}
