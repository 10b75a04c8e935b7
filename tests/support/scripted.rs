//! Something that stands in for AWS and answers as a test says: with an error, with silence, or with the answer of an emulator behind it.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::command::ACCOUNT;
use super::simulated::is_read;

/// A server that ends with the test.
pub struct Stub {
    /// Where it listens.
    pub url: String,
    calls: Arc<Mutex<Vec<Call>>>,
    _server: JoinSet<()>,
}

/// One call, as far as tests ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// `ec2`, `sts`: as in the signature.
    pub service: String,
    /// The region it is signed for.
    pub region: String,
    /// Whose key it is signed with.
    pub key: String,
    /// What is asked for: `DescribeVpcs`.
    pub action: String,
}

/// An answer.
pub enum Reply {
    /// All is well, and this is the result.
    Xml(String),
    /// An error as AWS would write it, with its status, its code and its message.
    Error(u16, &'static str, &'static str),
    /// Nothing, ever.
    Silence,
    /// Whatever is said at this address.
    Forward(String),
    /// The end of the caller: it is carried out at this address, if there is one, and then said here; the answer is given or not.
    Kill(Option<String>, watch::Sender<bool>, bool),
}

type Rule = dyn Fn(&Call) -> Reply + Send + Sync;

impl Stub {
    /// Starts one that answers by this rule.
    pub async fn start(rule: impl Fn(&Call) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let calls = Arc::new(Mutex::new(Vec::new()));
        let (kept, rule): (_, Arc<Rule>) = (Arc::clone(&calls), Arc::new(rule));
        let mut server = JoinSet::new();
        server.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (calls, rule) = (Arc::clone(&kept), Arc::clone(&rule));
                // Whoever hangs up in the middle is no failure of the server's.
                connections.spawn(async move { drop(serve(stream, &calls, &*rule).await) });
            }
        });
        Self { url, calls, _server: server }
    }

    /// One that knows who calls, and refuses everything else.
    pub async fn strict() -> Self {
        Self::start(|call| identity(call).unwrap_or(Reply::Error(400, "InvalidAction", "nobody expected this call")))
            .await
    }

    /// Every call so far, as `ec2:DescribeVpcs`.
    pub fn calls(&self) -> Vec<String> {
        self.all().iter().map(|call| format!("{}:{}", call.service, call.action)).collect()
    }

    /// Every call so far.
    pub fn all(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// How often an action was asked for.
    pub fn count(&self, action: &str) -> usize {
        self.all().iter().filter(|call| call.action == action).count()
    }

    /// The calls that would change something.
    pub fn writes(&self) -> Vec<String> {
        let reads = |call: &String| is_read(action(call)) || action(call).starts_with("AssumeRole");
        self.calls().into_iter().filter(|call| !reads(call)).collect()
    }
}

/// The answer to whoever asks who they are.
pub fn identity(call: &Call) -> Option<Reply> {
    (call.action == "GetCallerIdentity").then(|| Reply::Xml(caller(ACCOUNT)))
}

/// The answer to `GetCallerIdentity`.
pub fn caller(account: &str) -> String {
    format!(
        "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::{account}:user/tester</Arn>\
         <UserId>tester</UserId><Account>{account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
    )
}

/// The answer to `DescribeAvailabilityZones`.
pub fn zones() -> Reply {
    let zone = |letter| format!("<item><zoneName>eu-west-1{letter}</zoneName><zoneState>available</zoneState></item>");
    let zones: String = ['a', 'b', 'c'].map(zone).concat();
    Reply::Xml(format!(
        "<DescribeAvailabilityZonesResponse><availabilityZoneInfo>{zones}</availabilityZoneInfo></DescribeAvailabilityZonesResponse>"
    ))
}

fn action(call: &str) -> &str {
    call.split_once(':').map_or(call, |(_, action)| action)
}

/// One request for each connection: slower than AWS, and simpler.
async fn serve(mut stream: TcpStream, calls: &Mutex<Vec<Call>>, rule: &Rule) -> std::io::Result<()> {
    let (head, body) = read(&mut stream).await?;
    let call = understand(&head, &body);
    calls.lock().unwrap().push(call.clone());
    match rule(&call) {
        Reply::Silence => std::future::pending().await,
        Reply::Forward(url) => stream.write_all(&forward(&head, &body, &url).await?).await,
        Reply::Kill(url, died, is_answered) => {
            let answer = match url {
                Some(url) => forward(&head, &body, &url).await?,
                None => Vec::new(),
            };
            if is_answered {
                stream.write_all(&answer).await?;
            }
            died.send_replace(true);
            std::future::pending().await
        }
        Reply::Xml(body) => stream.write_all(response(200, "text/xml", &body).as_bytes()).await,
        Reply::Error(status, code, message) => stream.write_all(error(&call, status, code, message).as_bytes()).await,
    }
}

/// What is answered at another address.
async fn forward(head: &str, body: &[u8], url: &str) -> std::io::Result<Vec<u8>> {
    let head: Vec<&str> = head.lines().filter(|line| !is(line, "connection")).collect();
    let head = head.join("\r\n");
    let mut upstream = TcpStream::connect(url.trim_start_matches("http://")).await?;
    upstream.write_all(format!("{head}\r\nConnection: close\r\n\r\n").as_bytes()).await?;
    upstream.write_all(body).await?;
    let mut answer = Vec::new();
    upstream.read_to_end(&mut answer).await?;
    Ok(answer)
}

async fn read(stream: &mut TcpStream) -> std::io::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let mut body = bytes.split_off(end + 4);
            let length = header(&head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
            let already = body.len();
            body.resize(length.max(already), 0);
            stream.read_exact(&mut body[already..]).await?;
            return Ok((head, body));
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// The query protocol names the action in the body, the JSON protocol in a header; whom and where is in the signature.
fn understand(head: &str, body: &[u8]) -> Call {
    let body = String::from_utf8_lossy(body);
    let in_body = body.split('&').find_map(|pair| pair.strip_prefix("Action="));
    let in_head = header(head, "x-amz-target").and_then(|target| target.rsplit_once('.')).map(|(_, action)| action);
    let scope =
        header(head, "authorization").and_then(|text| text.split_once("Credential=")).map_or("", |(_, rest)| rest);
    let mut scope = scope.split([',', ' ']).next().unwrap_or_default().split('/');
    let (key, _date) = (scope.next(), scope.next());
    let (region, service) = (scope.next(), scope.next());
    let text = |part: Option<&str>| part.unwrap_or_default().to_owned();
    Call { service: text(service), region: text(region), key: text(key), action: text(in_head.or(in_body)) }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find(|line| is(line, name)).and_then(|line| line.split_once(':')).map(|(_, value)| value.trim())
}

fn is(line: &str, name: &str) -> bool {
    line.split_once(':').is_some_and(|(found, _)| found.eq_ignore_ascii_case(name))
}

fn error(call: &Call, status: u16, code: &str, message: &str) -> String {
    let inner = format!("<Code>{code}</Code><Message>{message}</Message>");
    match call.service.as_str() {
        "ec2" => response(status, "text/xml", &format!("<Response><Errors><Error>{inner}</Error></Errors></Response>")),
        "ssm" | "sqs" | "secretsmanager" => {
            let body = serde_json::json!({ "__type": code, "message": message }).to_string();
            response(status, "application/x-amz-json-1.1", &body)
        }
        _ => response(status, "text/xml", &format!("<ErrorResponse><Error>{inner}</Error></ErrorResponse>")),
    }
}

fn response(status: u16, kind: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} x\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}
