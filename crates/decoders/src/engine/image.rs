//! Still pictures and raw frames: each packet is a picture of its own.

use std::sync::Weak;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use parking_lot::Mutex;

use super::{Engine, Events, RawPicture};
use crate::config::DecoderConfig;
use crate::output::Payload;

/// How a packet holds its picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Jpeg,
    Png,
    /// Tightly packed pixels of the given size and bytes per pixel (3: RGB, 4: RGBA).
    Raw {
        width: u32,
        height: u32,
        channels: u32,
    },
}

impl Kind {
    pub(crate) fn of(config: &DecoderConfig) -> Option<Self> {
        match config {
            DecoderConfig::Jpeg(_) => Some(Self::Jpeg),
            DecoderConfig::Png(_) => Some(Self::Png),
            DecoderConfig::RawRgba(raw) => Some(Self::Raw {
                width: raw.width,
                height: raw.height,
                channels: 4,
            }),
            DecoderConfig::RawRgb(raw) => Some(Self::Raw {
                width: raw.width,
                height: raw.height,
                channels: 3,
            }),
            _ => None,
        }
    }

    /// The name reported as the decoder.
    pub(crate) fn decoder(self) -> &'static str {
        match self {
            Self::Jpeg => "libjpeg-turbo",
            Self::Png => "png",
            Self::Raw { .. } => "raw",
        }
    }
}

enum Order {
    Packet(u64, Payload),
    End,
    Stop,
}

/// A thread that takes packets one by one; the decoding itself is part of the conversion.
pub(crate) struct ImageEngine {
    kind: Kind,
    events: Weak<dyn Events>,
    orders: Sender<Order>,
    idle: Mutex<Option<Receiver<Order>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl ImageEngine {
    pub(crate) fn new(kind: Kind, events: Weak<dyn Events>) -> Self {
        let (orders, idle) = channel();
        Self {
            kind,
            events,
            orders,
            idle: Mutex::new(Some(idle)),
            thread: Mutex::new(None),
        }
    }

    fn order(&self, order: Order) {
        // The thread is gone only after it was stopped.
        let _ = self.orders.send(order);
    }
}

impl Engine for ImageEngine {
    fn start(&self) -> Result<(), String> {
        let Some(orders) = self.idle.lock().take() else {
            return Ok(());
        };
        let (kind, events) = (self.kind, self.events.clone());
        let thread = thread::Builder::new()
            .name(format!("savant-{}", kind.decoder()))
            .spawn(move || run(kind, &orders, &events))
            .map_err(|error| format!("no thread for the {} decoder: {error}", kind.decoder()))?;
        *self.thread.lock() = Some(thread);
        Ok(())
    }

    fn feed(&self, key: u64, payload: Payload) {
        self.order(Order::Packet(key, payload));
    }

    fn end(&self) {
        self.order(Order::End);
    }

    fn stop(&self) {
        self.order(Order::Stop);
        let thread = self.thread.lock().take();
        if let Some(thread) = thread
            && thread.thread().id() != thread::current().id()
            && thread.join().is_err()
        {
            tracing::error!("the {} decoder's thread panicked", self.kind.decoder());
        }
    }
}

impl Drop for ImageEngine {
    fn drop(&mut self) {
        self.stop();
    }
}

fn run(kind: Kind, orders: &Receiver<Order>, events: &Weak<dyn Events>) {
    loop {
        match events.upgrade() {
            Some(events) => events.hungry(),
            None => return,
        }
        let Ok(order) = orders.recv() else { return };
        let Some(events) = events.upgrade() else {
            return;
        };
        match order {
            Order::Packet(key, payload) => {
                if events
                    .picture(Some(key), RawPicture::Encoded(kind, payload))
                    .is_err()
                {
                    return;
                }
            }
            Order::End => return events.ended(),
            Order::Stop => return,
        }
    }
}
