//! The broker: connected again after every loss, heard through a bounded queue.

use rumqttc::{AsyncClient, Event, LastWill, MqttOptions, Packet, QoS};
use serde::Deserialize;
use std::time::Duration;
use tokio::sync::mpsc;

/// Messages that wait to be looked at; more are dropped, because the next reading says the same.
const HEARD_MAX: usize = 256;
/// Packets that wait to be sent.
const SEND_MAX: usize = 256;
/// Largest packet, bytes.
const PACKET_MAX_BYTES: usize = 64 << 10;
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// Between two attempts to connect.
const CONNECT_AGAIN: Duration = Duration::from_secs(1);

/// `[mqtt]` of a program's file: the household's broker.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mqtt {
    /// `host:port`.
    #[serde(default = "default_broker")]
    pub broker: String,
    pub user: Option<String>,
    pub password: Option<String>,
    /// The program's name on the broker: two programs need two. Each kind has a default of its own.
    pub client: Option<String>,
    /// Home Assistant's discovery prefix, of a program that announces devices; empty: no discovery.
    pub discovery: Option<String>,
}

fn default_broker() -> String {
    "localhost:1883".into()
}

impl Mqtt {
    /// For the connection, as `client` where the file names none. The address was checked when the file was read.
    pub fn login(&self, client: &str) -> Login {
        let (host, port) = address(&self.broker).unwrap_or_default();
        let client = self.client.as_deref().unwrap_or(client).to_owned();
        Login { host, port, client, user: self.user.clone(), password: self.password.clone() }
    }

    /// What is wrong with it, one sentence each.
    pub fn problems(&self) -> Vec<String> {
        let broker = address(&self.broker).is_none().then(|| format!("broker `{}` is not HOST:PORT", self.broker));
        let client = self.client.as_ref().filter(|client| !is_plain(client));
        let client = client.map(|client| format!("client `{client}`: use letters, digits, `-` and `_`, at most {PLAIN_MAX}"));
        broker.into_iter().chain(client).collect()
    }
}

/// Longest name in a topic.
const PLAIN_MAX: usize = 32;

/// Fit for a topic and a file name.
pub fn is_plain(name: &str) -> bool {
    (1..=PLAIN_MAX).contains(&name.len())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_'))
}

/// A broker, and who we are on it.
#[derive(Clone, Debug)]
pub struct Login {
    pub host: String,
    pub port: u16,
    /// Our name on the broker: two programs need two.
    pub client: String,
    pub user: Option<String>,
    pub password: Option<String>,
}

/// What the broker says for us when the connection is lost.
#[derive(Clone, Copy, Debug)]
pub struct Will<'a> {
    pub topic: &'a str,
    pub text: &'a str,
    pub retain: bool,
}

/// Host and port of `host:port`.
pub fn address(broker: &str) -> Option<(String, u16)> {
    let (host, port) = broker.rsplit_once(':')?;
    Some((host.trim_matches(['[', ']']).to_owned(), port.parse().ok()?)).filter(|(host, _)| !host.is_empty())
}

/// What came from the broker.
#[derive(Debug)]
pub enum Heard {
    /// A fresh connection, which knows no subscription.
    Connected,
    Lost(String),
    Message {
        topic: String,
        payload: Vec<u8>,
        /// The broker kept it from before: of unknown age.
        retained: bool,
    },
}

/// A connection that comes back.
pub struct Broker {
    client: AsyncClient,
    loops: tokio::task::JoinHandle<()>,
}

impl Broker {
    pub fn connect(login: &Login, will: Option<Will<'_>>) -> (Self, mpsc::Receiver<Heard>) {
        let mut options = MqttOptions::new(&login.client, &login.host, login.port);
        options.set_keep_alive(KEEP_ALIVE).set_max_packet_size(PACKET_MAX_BYTES, PACKET_MAX_BYTES);
        if let Some(Will { topic, text, retain }) = will {
            options.set_last_will(LastWill::new(topic, text, QoS::AtLeastOnce, retain));
        }
        if let Some(user) = &login.user {
            options.set_credentials(user, login.password.clone().unwrap_or_default());
        }
        let (client, mut events) = AsyncClient::new(options, SEND_MAX);
        let (tell, heard) = mpsc::channel(HEARD_MAX);
        let loops = tokio::spawn(async move {
            let mut lost = false;
            loop {
                match events.poll().await {
                    Ok(Event::Incoming(Packet::ConnAck(_))) => {
                        lost = false;
                        if tell.send(Heard::Connected).await.is_err() {
                            return;
                        }
                    }
                    Ok(Event::Incoming(Packet::Publish(published))) => {
                        let (payload, retained) = (published.payload.to_vec(), published.retain);
                        let _ = tell.try_send(Heard::Message { topic: published.topic, payload, retained }); // full: dropped
                    }
                    Ok(_) => {}
                    Err(error) => {
                        if !lost && tell.send(Heard::Lost(error.to_string())).await.is_err() {
                            return;
                        }
                        lost = true;
                        tokio::time::sleep(CONNECT_AGAIN).await;
                    }
                }
            }
        });
        (Self { client, loops }, heard)
    }

    /// Whether it was taken into the queue. What is not is said again upon the next connection.
    pub fn publish(&self, topic: &str, text: &str, retain: bool) -> bool {
        self.client.try_publish(topic, QoS::AtLeastOnce, retain, text).is_ok()
    }

    pub fn subscribe(&self, topic: &str) {
        let _ = self.client.try_subscribe(topic, QoS::AtLeastOnce); // full: the next connection subscribes again
    }

    /// Says good-bye, so that nobody waits for the last will.
    pub async fn close(self, will: Option<Will<'_>>) {
        if let Some(Will { topic, text, retain }) = will {
            let _ = self.client.publish(topic, QoS::AtLeastOnce, retain, text).await;
        }
        let _ = self.client.disconnect().await;
        let _ = tokio::time::timeout(CONNECT_AGAIN, self.loops).await;
    }
}
