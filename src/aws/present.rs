//! Reads by id, where a service has no filter for it.

use std::error::Error;

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::failure::{classify, is_absent};
use crate::engine::cloud_error::CloudResult;

/// Describes these things. One that is missing fails the whole call; then each is asked for alone, and what is missing is left out.
pub(super) async fn present<T, E, F>(ids: Vec<String>, ask: impl Fn(Vec<String>) -> F + Send) -> CloudResult<Vec<T>>
where
    T: Send,
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    F: Future<Output = Result<Option<Vec<T>>, SdkError<E, Response>>> + Send,
{
    match ask(ids.clone()).await {
        Err(e) if is_absent(&e) && ids.len() > 1 => {
            let mut found = Vec::new();
            for id in ids {
                match ask(vec![id]).await {
                    Err(e) if is_absent(&e) => {}
                    answer => found.extend(answer.map_err(classify)?.unwrap_or_default()),
                }
            }
            Ok(found)
        }
        Err(e) if is_absent(&e) => Ok(Vec::new()),
        answer => Ok(answer.map_err(classify)?.unwrap_or_default()),
    }
}
