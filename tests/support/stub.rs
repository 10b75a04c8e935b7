//! A server that gives every request the same answer: what a service says when it will not or cannot.

use std::fmt::Write as _;
use std::io;

use pando::aws::clients::{Access, Aws, Target};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What every request gets, but for the one that asks who is asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An error that every service knows, in the words of the service that is asked.
    Common(Common),
    /// An error of one service.
    Own {
        /// Its code.
        code: &'static str,
        /// Its message.
        message: &'static str,
    },
    /// The request is read to its end, and the connection is closed.
    Cut,
}

/// Errors that every service knows, each under a name of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Common {
    /// Who asks is not allowed to.
    Denied,
    /// Too many requests.
    Throttled,
    /// A fault of the service's.
    Broken,
}

/// How a service is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    /// Forms in, XML out, in EC2's own form.
    Ec2,
    /// Forms in, XML out.
    Query,
    /// JSON.
    Json,
    /// JSON, with the code of the old XML in a header.
    JsonOfSqs,
}

/// A running server. It ends when it is dropped, or at once by [`Stub::stop`].
pub struct Stub {
    url: String,
    serving: JoinSet<()>,
}

impl Stub {
    /// Starts one on a free port.
    pub async fn start(fault: Fault) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, fault));
            }
        });
        Self { url, serving }
    }

    /// Nobody listens any more when this returns.
    pub async fn stop(mut self) {
        self.serving.shutdown().await;
    }

    /// Clients that come here and try once.
    pub async fn connect(&self) -> Aws {
        self.connect_to_try(1).await
    }

    /// Clients that come here and try up to so many times.
    pub async fn connect_to_try(&self, attempts: u32) -> Aws {
        let target = Target {
            region: Some(super::emulator::REGION.to_owned()),
            endpoint_url: Some(self.url.clone()),
            emulator_account: Some("123456789012".to_owned()),
            attempts: Some(attempts),
            ..Target::default()
        };
        Aws::connect(&target, Access::Write).await.expect("the stub says who is asking")
    }
}

/// One request for each connection, so that no client keeps one.
async fn serve(mut stream: TcpStream, fault: Fault) {
    // A client that goes away needs no answer.
    let Ok((head, body)) = read(&mut stream).await else { return };
    let answer = if body.contains("Action=GetCallerIdentity") {
        let who = "<Arn>arn:aws:iam::123456789012:user/test</Arn><Account>123456789012</Account>";
        let result = format!("<GetCallerIdentityResult>{who}</GetCallerIdentityResult>");
        Some((200, format!("<GetCallerIdentityResponse>{result}</GetCallerIdentityResponse>"), None))
    } else {
        let protocol = protocol(&head, &body);
        error(fault, protocol).map(|(code, message, status)| {
            let old_code = (protocol == Protocol::JsonOfSqs).then(|| code.to_owned());
            (status, text(protocol, code, message), old_code)
        })
    };
    let Some((status, text, old_code)) = answer else { return };
    let mut response = format!("HTTP/1.1 {status} Status\r\nConnection: close\r\nContent-Length: {}\r\n", text.len());
    if let Some(code) = old_code {
        write!(response, "x-amzn-query-error: {code};Sender\r\n").expect("a String takes everything");
    }
    response = format!("{response}\r\n{text}");
    // The same: it may be gone.
    drop(stream.write_all(response.as_bytes()).await);
}

async fn read(stream: &mut TcpStream) -> io::Result<(String, String)> {
    let mut all = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&all).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.and_then(|length| length.trim().parse().ok()).unwrap_or_default();
            if body.len() >= length {
                return Ok((head, body.to_owned()));
            }
        }
        match stream.read(&mut chunk).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => all.extend_from_slice(&chunk[..count]),
        }
    }
}

fn protocol(head: &str, body: &str) -> Protocol {
    if head.contains("x-amz-target: amazonsqs.") {
        Protocol::JsonOfSqs
    } else if head.contains("x-amz-target:") {
        Protocol::Json
    } else if body.contains("Version=2016-11-15") {
        Protocol::Ec2
    } else {
        Protocol::Query
    }
}

/// Code, message and status. `None`: no answer at all.
fn error(fault: Fault, protocol: Protocol) -> Option<(&'static str, &'static str, u16)> {
    let common = match fault {
        Fault::Cut => return None,
        Fault::Own { code, message } => return Some((code, message, 400)),
        Fault::Common(common) => common,
    };
    Some(match (common, protocol) {
        (Common::Denied, Protocol::Ec2) => ("UnauthorizedOperation", "You are not authorized", 403),
        (Common::Denied, Protocol::Query) => ("AccessDenied", "User is not authorized", 403),
        (Common::Denied, Protocol::Json | Protocol::JsonOfSqs) => ("AccessDeniedException", "Not authorized", 400),
        (Common::Throttled, Protocol::Ec2) => ("RequestLimitExceeded", "Request limit exceeded.", 503),
        (Common::Throttled, Protocol::Query) => ("Throttling", "Rate exceeded", 400),
        (Common::Throttled, Protocol::Json) => ("ThrottlingException", "Rate exceeded", 400),
        (Common::Throttled, Protocol::JsonOfSqs) => ("RequestThrottled", "Rate exceeded", 400),
        (Common::Broken, Protocol::Ec2) => ("InternalError", "An internal error has occurred", 500),
        (Common::Broken, _) => ("InternalFailure", "An internal error has occurred", 500),
    })
}

fn text(protocol: Protocol, code: &str, message: &str) -> String {
    let error = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    match protocol {
        Protocol::Ec2 => format!("<Response><Errors>{error}</Errors><RequestID>1</RequestID></Response>"),
        Protocol::Query => format!("<ErrorResponse>{error}<RequestId>1</RequestId></ErrorResponse>"),
        Protocol::Json | Protocol::JsonOfSqs => serde_json::json!({ "__type": code, "message": message }).to_string(),
    }
}
