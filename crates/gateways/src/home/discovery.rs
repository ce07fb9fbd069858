//! What Home Assistant is told, and on which topics a slot speaks and listens.
//!
//! MQTT device discovery: one retained message a device on `<prefix>/device/<id>/config`.

use super::config;
use serde_json::{Value, json};

/// Where the gateway says `online` or `offline`.
pub fn status_topic(client: &str) -> String {
    format!("dure/{client}/status")
}

/// The topics of one slot.
#[derive(Clone, Debug)]
pub struct Topics {
    /// What is known, as retained JSON.
    pub state: String,
    /// `ON` or `OFF`.
    pub pause: String,
    /// Any message: places a test order, which moves nothing.
    pub test: String,
    /// Any message, or how much: the slot was filled by hand, where only usage is known.
    pub filled: String,
    /// Any message, where the owner gave the gateway a key.
    pub approve: String,
    pub cancel: String,
}

impl Topics {
    pub fn new(device: &str, slot: u8) -> Self {
        let topic = |last: &str| format!("dure/{device}/{slot}/{last}");
        Self {
            state: topic("state"),
            pause: topic("pause"),
            test: topic("test"),
            filled: topic("filled"),
            approve: topic("approve"),
            cancel: topic("cancel"),
        }
    }
}

/// Topic and payload that announce a device.
pub fn announcement(prefix: &str, client: &str, device: &config::Device) -> (String, Value) {
    let id = format!("dure_{client}_{}", device.name);
    let mut components = serde_json::Map::new();
    for slot in &device.slots {
        components.extend(slot_components(&id, device, slot));
    }
    let payload = json!({
        "device": { "identifiers": [id], "name": device.name, "manufacturer": "Dure", "model": "Home gateway" },
        "origin": { "name": "dure home", "sw_version": env!("CARGO_PKG_VERSION") },
        "availability_topic": status_topic(client),
        "components": components,
    });
    (format!("{prefix}/device/{id}/config"), payload)
}

fn slot_components(id: &str, device: &config::Device, slot: &config::Slot) -> Vec<(String, Value)> {
    let topics = Topics::new(&device.name, slot.number);
    let name = &slot.name;
    let mut all = Vec::new();
    let mut add = |key: &str, platform: &str, label: String, more: Value| {
        let unique = format!("{id}_{}_{key}", slot.number);
        let mut component = json!({ "platform": platform, "unique_id": unique, "name": label });
        if let (Value::Object(component), Value::Object(more)) = (&mut component, more) {
            component.extend(more);
        }
        all.push((unique, component));
    };
    let of = |template: &str| json!({ "state_topic": topics.state, "value_template": template });
    let when = |template: &str| json!({ "state_topic": topics.state, "value_template": template, "device_class": "timestamp" });
    add("level", "sensor", format!("{name} level"), of("{{ value_json.level }}"));
    add("order", "sensor", format!("{name} order"), of("{{ value_json.order.state if value_json.order else 'none' }}"));
    add("budget", "sensor", format!("{name} budget left"), of("{{ value_json.budget_left }}"));
    let deadline = "{{ (value_json.order.deadline_ms / 1000) | as_datetime if value_json.order else None }}";
    add("deadline", "sensor", format!("{name} next deadline"), when(deadline));
    add("code", "sensor", format!("{name} delivery code"), of("{{ value_json.code or 'none' }}"));
    let problem = json!({
        "state_topic": topics.state, "device_class": "problem", "json_attributes_topic": topics.state,
        "value_template": "{{ 'ON' if value_json.problem else 'OFF' }}",
    });
    add("problem", "binary_sensor", format!("{name} problem"), problem);
    let pause = json!({
        "command_topic": topics.pause, "state_topic": topics.state,
        "value_template": "{{ 'ON' if value_json.paused else 'OFF' }}", "state_on": "ON", "state_off": "OFF",
    });
    add("pause", "switch", format!("{name} pause ordering"), pause);
    add("test", "button", format!("{name} test order"), json!({ "command_topic": topics.test }));
    if slot.input == super::filter::Kind::Usage {
        add("filled", "button", format!("{name} filled by hand"), json!({ "command_topic": topics.filled }));
    }
    if device.owner.is_some() {
        add("approve", "button", format!("{name} approve order"), json!({ "command_topic": topics.approve }));
        add("cancel", "button", format!("{name} cancel order"), json!({ "command_topic": topics.cancel }));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::filter::Kind;

    #[test]
    fn approve_and_cancel_are_offered_only_where_the_owner_gave_a_key() {
        let slot = config::Slot {
            number: 0,
            name: "Detergent".into(),
            input: Kind::Level,
            topic: "t".into(),
            field: None,
            usage_topic: None,
            percent: false,
            drop_percent_per_hour: 50,
        };
        let mut device = config::Device {
            name: "washer".into(),
            key: "k".into(),
            id: Default::default(),
            address: "a".into(),
            owner: None,
            slots: vec![slot],
        };
        let names = |device: &config::Device| {
            let (topic, payload) = announcement("homeassistant", "dure-home", device);
            assert_eq!(topic, "homeassistant/device/dure_dure-home_washer/config");
            let components = payload["components"].as_object().expect("object").clone();
            assert!(components.values().all(|one| one["platform"].is_string() && one["unique_id"].is_string()));
            components.len()
        };
        assert_eq!(names(&device), 8);
        device.owner = Some("o".into());
        assert_eq!(names(&device), 10);
    }
}
