//! Worlds that are the same until somebody is killed in them, all at one address: what was made in one names that address for ever.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use pando::simulator::Simulator;
use pando::simulator::doors::http::Server;

use crate::support::command::Sandbox;
use crate::support::scripted::{Reply, Stub};

/// The one address. It tells worlds apart by the access key of who asks; to all of them it is the same account.
pub(super) struct Ground {
    stub: Stub,
    worlds: Arc<Mutex<BTreeMap<String, String>>>,
}

/// One world, and a folder with a blueprint and the state of what was made there.
pub(super) struct World {
    pub(super) simulator: Simulator,
    pub(super) sandbox: Sandbox,
    _server: Server,
}

impl Ground {
    pub(super) async fn new() -> Self {
        let worlds = Arc::new(Mutex::new(BTreeMap::<String, String>::new()));
        let known = Arc::clone(&worlds);
        let stub = Stub::start(move |call| match known.lock().unwrap().get(&call.key) {
            Some(url) => Reply::Forward(url.clone()),
            None => Reply::Error(403, "InvalidClientTokenId", "nobody has this key"),
        });
        Self { stub: stub.await, worlds }
    }

    /// A world of this name.
    pub(super) async fn world(&self, name: &str, simulator: Simulator, sandbox: Sandbox) -> World {
        let server = Server::start(simulator.clone(), 0).await.unwrap();
        self.worlds.lock().unwrap().insert(name.to_owned(), server.url.clone());
        let sandbox = sandbox.at(&self.stub.url).set("AWS_ACCESS_KEY_ID", name);
        World { simulator, sandbox, _server: server }
    }

    /// Another world that is as this one now, with a folder that is as its folder.
    pub(super) async fn fork(&self, name: &str, of: &World) -> World {
        self.world(name, of.simulator.fork(), of.sandbox.twin()).await
    }
}
