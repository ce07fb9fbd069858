//! evcc in between: a battery that it controls can be told a mode and no power. Coarse, and stated.
//!
//! | wanted | mode | what evcc's battery does then |
//! |---|---|---|
//! | charge with more than the roof has left, by more than [`COARSE_W`] | `charge` | charges with all that it can |
//! | neither charge nor give half of what the house draws | `hold` | gives nothing |
//! | anything else | `normal` | evens out what house and roof do |
//!
//! It cannot be told to discharge into the grid. A mode holds for 60 s, so it is said again every [`SAY_AGAIN`].
//!
//! Source: evcc's MQTT API, `site/batteryMode`.

use std::time::Duration;

/// Below this, W, a difference is not worth a mode.
pub const COARSE_W: i64 = 200;
/// A mode is forgotten after 60 s.
pub const SAY_AGAIN: Duration = Duration::from_secs(20);

/// The mode that comes nearest to `set_w` (charging +) where house and roof do `house_w` (delivered +).
pub const fn mode(set_w: i64, house_w: i64) -> &'static str {
    let left_w = if house_w > 0 { house_w } else { 0 };
    let drawn_w = if house_w < 0 { -house_w } else { 0 };
    if set_w > left_w.saturating_add(COARSE_W) {
        "charge"
    } else if left_w == 0 && set_w >= -(drawn_w / 2) {
        "hold"
    } else {
        "normal"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_mode_is_chosen() {
        for (set_w, house_w, expected) in [
            (-600, -600, "normal"),
            (-400, -600, "normal"),
            (-200, -600, "hold"),
            (0, -600, "hold"),
            (150, -600, "hold"),
            (300, -600, "charge"),
            (2_000, 2_000, "normal"),
            (2_150, 2_000, "normal"),
            (3_000, 2_000, "charge"),
            (-3_000, -600, "normal"),
            (-3_000, 0, "normal"),
            (0, 0, "hold"),
        ] {
            assert_eq!(mode(set_w, house_w), expected, "{set_w} W, house {house_w} W");
        }
    }
}
