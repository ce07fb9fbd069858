//! The household's side of a meter's program: what its broker says, and what the battery is told.
//!
//! - Upon a sample: the battery is set.
//! - Where no block comes for the time that the file says: the battery follows the local rule, and what may be delivered is told; back when blocks come again.
//! - Where the head says nothing for [`HEAD_SILENT`]: the battery is told to stand still. So it is when the program ends, and by the broker when it is gone.

use super::{
    EnergyNote, Tell,
    config::Way,
    evcc,
    house::{Aim, Consequence, Setting},
    meter::Desk,
};
use crate::mqtt::{Broker, Heard, Login, Will};
use std::time::{Duration, Instant, SystemTime};

/// Between two looks at what has gone silent.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// After so long without a sample nobody knows what the battery should do.
const HEAD_SILENT: Duration = Duration::from_secs(10 * 60);

struct Ears<'a> {
    desk: &'a Desk,
    broker: &'a Broker,
    way: Option<Way>,
    tell: Tell<'a>,
    aim: Aim,
    doubted: Option<String>,
    /// When the newest sample came; none: the battery stands still.
    sampled: Option<Instant>,
    /// What the battery was told last, and when.
    said: Option<(String, Instant)>,
}

/// Hears the broker until `stop` ends. Where the connection is lost it tells the battery to do nothing.
pub(super) async fn listen(desk: &Desk, login: &Login, stop: impl Future<Output = ()>, tell: Tell<'_>) {
    let way = desk.file.battery.as_ref().and_then(|battery| battery.way());
    let will = way.as_ref().and_then(|way| idle(way).map(|(topic, text)| Will { topic, text, retain: false }));
    let (broker, mut heard) = Broker::connect(login, will);
    let mut ears =
        Ears { desk, broker: &broker, way: way.clone(), tell, aim: Aim::Position, doubted: None, sampled: None, said: None };
    let mut look = tokio::time::interval(LOOK_AGAIN);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            Some(heard) = heard.recv() => ears.heard(heard, login),
            _ = look.tick() => ears.look(),
        }
    }
    broker.close(will).await;
}

/// What tells a battery to do nothing, or what it does by itself.
fn idle(way: &Way) -> Option<(&str, &'static str)> {
    match way {
        Way::Number { set_topic } => Some((set_topic, "0")),
        Way::Evcc { set_topic } => Some((set_topic, "normal")),
        Way::SunSpec { .. } => None,
    }
}

impl Ears<'_> {
    fn tell(&self, what: impl Into<String>) {
        (self.tell)(EnergyNote::of(self.desk.meter, what));
    }

    fn heard(&mut self, heard: Heard, login: &Login) {
        match heard {
            Heard::Connected => {
                self.subscribe();
                self.tell(format!("connected to the broker at {}:{}", login.host, login.port));
            }
            Heard::Lost(why) => self.tell(format!("the broker is away: {why}")),
            Heard::Message { topic, payload, retained } => {
                // What the broker kept of a head is of unknown age, so it is no sample, unless it says itself when it was.
                let file = &self.desk.file;
                let of_head = file.meter.as_ref().is_some_and(|meter| meter.topics().any(|known| known == topic));
                if retained && of_head && !file.time_of_payload() {
                    return;
                }
                let times = (wall_ms(), self.desk.clock_ms());
                let outcome = self.desk.house().message(&topic, &payload, times, self.aim);
                match outcome {
                    Ok(consequence) => self.follow(consequence),
                    Err(error) => self.doubt(self.desk.unkept(error).to_string()),
                }
            }
        }
    }

    fn subscribe(&self) {
        for topic in self.desk.file.meter.iter().flat_map(|meter| meter.topics()) {
            self.broker.subscribe(topic);
        }
        if let Some(pack) = &self.desk.house().pack {
            pack.topics().for_each(|topic| self.broker.subscribe(topic));
        }
    }

    fn follow(&mut self, consequence: Consequence) {
        if let Some(set) = consequence.set {
            self.sampled = Some(Instant::now());
            self.set(set);
        }
        if consequence.read {
            self.desk.wake.notify_one();
        }
        if let Some(doubt) = consequence.doubt {
            self.doubt(doubt);
        }
    }

    /// The same doubt is told once.
    fn doubt(&mut self, doubt: String) {
        if self.doubted.as_ref() != Some(&doubt) {
            self.tell(doubt.clone());
            self.doubted = Some(doubt);
        }
    }

    fn set(&mut self, set: Setting) {
        let (topic, text) = match &self.way {
            Some(Way::Number { set_topic }) => (set_topic, set.charge_w.to_string()),
            Some(Way::Evcc { set_topic }) => (set_topic, evcc::mode(set.charge_w, set.house_w).to_owned()),
            Some(Way::SunSpec { .. }) => {
                self.desk.wanted.send_replace(Some(set.charge_w));
                return;
            }
            None => return,
        };
        self.broker.publish(topic, &text, false);
        self.said = Some((text, Instant::now()));
    }

    /// Upon each tick: what has gone silent or has come back, and what has to be said again.
    fn look(&mut self) {
        let aim = self.desk.aim();
        if aim != self.aim {
            self.aim = aim;
            let minutes = self.desk.file.fallback_minutes;
            let full_w = self.desk.file.limits_wh().1.saturating_mul(4);
            let (what, export_w) = match aim {
                Aim::Local { export_w, .. } => (format!("no block for {minutes} minutes: the local rule"), export_w),
                Aim::Position => ("blocks come again".to_owned(), full_w),
            };
            self.tell(what);
            if let Some(topic) = &self.desk.file.limit_topic {
                self.broker.publish(topic, &export_w.to_string(), true);
            }
            let set = self.desk.house().set_again(aim);
            if let Some(set) = set {
                self.set(set);
            }
        }
        if self.sampled.is_some_and(|at| at.elapsed() >= HEAD_SILENT) {
            self.sampled = None;
            self.tell("the head says nothing: the battery stands still");
            self.desk.house().told(0);
            self.desk.wanted.send_replace(None);
            if let Some((topic, text)) = self.way.as_ref().and_then(idle) {
                self.broker.publish(topic, text, false);
            }
            self.said = None;
        }
        if let (Some(Way::Evcc { set_topic }), Some((text, at))) = (&self.way, &mut self.said)
            && at.elapsed() >= evcc::SAY_AGAIN
        {
            self.broker.publish(set_topic, text, false);
            *at = Instant::now();
        }
    }
}

/// This machine's clock, milliseconds since 1970-01-01 UTC.
fn wall_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
