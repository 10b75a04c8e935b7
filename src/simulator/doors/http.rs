//! Over HTTP, on this machine only.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::{Delivery, control, deliver};
use crate::simulator::Simulator;

/// A body that is longer than this is not read: single uploads to S3 could be 5 GiB, those of tests are not.
const BODY: usize = 64 << 20;

/// A simulator that answers on a free port until this is dropped.
#[derive(Debug)]
pub struct Server {
    /// Where.
    pub url: String,
    _serving: JoinSet<()>,
}

impl Server {
    /// Begins to answer, on 127.0.0.1 only.
    ///
    /// # Errors
    /// When the port is taken; 0 is a free one.
    pub async fn start(simulator: Simulator, port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let mut serving = JoinSet::new();
        serving.spawn(serve(simulator, listener));
        Ok(Self { url, _serving: serving })
    }
}

/// How long nothing is accepted after an error: of a connection that broke at once, or because too many are open.
const PAUSE: Duration = Duration::from_millis(10);

/// Serves a simulator until the future is dropped.
async fn serve(simulator: Simulator, listener: TcpListener) {
    let simulator = Arc::new(simulator);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn(connection(Arc::clone(&simulator), stream))),
                Err(_) => tokio::time::sleep(PAUSE).await,
            },
            // Finished connections are taken out, so that their number stays small.
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(simulator: Arc<Simulator>, stream: TcpStream) {
    // Without it answers wait for each other; a connection that refuses it is broken already.
    drop(stream.set_nodelay(true));
    let service = service_fn(|request| answer(Arc::clone(&simulator), request));
    let served = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
    // A connection that broke, on either side, is over; there is nobody to tell.
    drop(served);
}

/// Why a connection is cut without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut")]
struct Cut;

async fn answer(simulator: Arc<Simulator>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Cut> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, BODY).collect().await.map_err(|_| Cut)?.to_bytes();
    let request = Request::from_parts(head, body);
    if let Some(response) = control::answer(&simulator, &request) {
        return Ok(response.map(Full::new));
    }
    match deliver(&simulator, &request).await {
        Delivery::Answer(response) => Ok(response.map(Full::new)),
        Delivery::Cut => Err(Cut),
    }
}
