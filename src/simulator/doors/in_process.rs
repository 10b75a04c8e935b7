//! In process: an HTTP client for the SDK that needs no socket. With tokio's clock paused, time is virtual, and a run can be repeated exactly.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::shared::IntoShared as _;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::{Request, Response};

use super::{Delivery, deliver};
use crate::simulator::Simulator;
use crate::simulator::clock::Clock;

/// The door.
#[derive(Clone, Debug)]
pub struct Door(Simulator);

impl Door {
    /// A door to this world.
    pub fn new(simulator: &Simulator) -> Self {
        Self(simulator.clone())
    }

    /// As the client that the SDK's configuration takes.
    pub fn client(&self) -> SharedHttpClient {
        self.clone().into_shared()
    }

    async fn pass(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let request = request.try_into_http1x().map_err(|e| ConnectorError::user(e.into()))?;
        let (head, body) = request.into_parts();
        let body =
            body.bytes().ok_or_else(|| ConnectorError::user("bodies that are streamed cannot be read".into()))?;
        let request = Request::from_parts(head, Bytes::copy_from_slice(body));
        let is_head = *request.method() == http::Method::HEAD;
        match deliver(&self.0, &request).await {
            Delivery::Cut => Err(ConnectorError::io("the connection was reset".into())),
            Delivery::Answer(response) => whole(response, is_head),
        }
    }
}

/// A response for the SDK. A body shorter than it says it is breaks the connection, as it does on the wire; answers to `HEAD` only say how long
/// it would be.
fn whole(response: Response<Bytes>, is_head: bool) -> Result<HttpResponse, ConnectorError> {
    let said = response.headers().get("content-length").and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if !is_head && said.is_some_and(|said| said > response.body().len()) {
        return Err(ConnectorError::io("the connection closed before the message was complete".into()));
    }
    HttpResponse::try_from(response.map(SdkBody::from)).map_err(|e| ConnectorError::other(e.into(), None))
}

impl HttpConnector for Door {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().pass(request))
    }
}

impl HttpClient for Door {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        self.clone().into_shared()
    }
}

/// Tells the SDK the time of the simulated world, for its signatures and the expiry of credentials.
#[derive(Clone, Debug)]
pub struct WorldTime(pub Clock);

impl TimeSource for WorldTime {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.0.now().0)
    }
}
