//! Decoders that are called packet by packet, each on a thread of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Weak;

use surfaces::sync::Mutex;
use surfaces::sync::mpsc::{Receiver, Sender, channel};
use surfaces::sync::thread::{self, JoinHandle};

use super::staff::Staff;
use super::{Engine, Events, RawPicture, Refused, Stopped};
use crate::output::{Packet, Payload};

/// Takes a picture with the key of its packet.
pub(super) type Sink<'a> = dyn FnMut(u64, RawPicture) -> Result<(), Stopped> + 'a;

/// A decoder that works while it is called.
pub(super) trait PacketDecoder: Send + 'static {
    /// The name that is reported.
    fn name(&self) -> &'static str;
    /// The threads that it works with, if their number depends on how many decoders there are.
    fn staff(&self) -> Option<Staff> {
        None
    }
    /// Decodes a packet and hands out the pictures that are ready.
    fn decode(&mut self, key: u64, packet: Payload, sink: &mut Sink<'_>) -> Result<(), Stopped>;
    /// Hands out what is left at the end of the stream.
    fn drain(&mut self, sink: &mut Sink<'_>) -> Result<(), Stopped>;
}

enum Order {
    Packet(u64, Payload),
    End,
    Stop,
}

/// What the thread starts with.
type Start = (Box<dyn PacketDecoder>, Receiver<Order>);

/// Runs a [`PacketDecoder`].
pub(super) struct ThreadedEngine {
    name: &'static str,
    staff: Option<Staff>,
    events: Weak<dyn Events>,
    orders: Sender<Order>,
    idle: Mutex<Option<Start>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl ThreadedEngine {
    pub(super) fn new(decoder: Box<dyn PacketDecoder>, events: Weak<dyn Events>) -> Self {
        let (orders, receiver) = channel();
        Self {
            name: decoder.name(),
            staff: decoder.staff(),
            events,
            orders,
            idle: Mutex::new(Some((decoder, receiver))),
            thread: Mutex::new(None),
        }
    }

    fn order(&self, order: Order) {
        // The thread is gone only after it was stopped, or has reported that it failed.
        let _ = self.orders.send(order);
    }
}

impl Engine for ThreadedEngine {
    fn start(&self) -> Result<(), String> {
        let Some((mut decoder, orders)) = self.idle.lock().take() else {
            return Ok(());
        };
        let (name, events) = (self.name, self.events.clone());
        let work = move || {
            let run = AssertUnwindSafe(|| run(decoder.as_mut(), &orders, &events));
            if catch_unwind(run).is_err()
                && let Some(events) = events.upgrade()
            {
                events.failed(&format!("the {name} decoder panicked; please report this"));
            }
        };
        let thread = thread::Builder::new()
            .name(format!("savant-{name}"))
            .spawn(work)
            .map_err(|error| format!("no thread for the {name} decoder: {error}"))?;
        *self.thread.lock() = Some(thread);
        Ok(())
    }

    fn feed(&self, key: u64, packet: Packet) -> Result<(), Refused> {
        self.order(Order::Packet(key, packet.data));
        Ok(())
    }

    fn is_ill_staffed(&self) -> bool {
        #[cfg(test)]
        if super::fake::are_all_ill_staffed() {
            return true;
        }
        self.staff.is_some_and(Staff::is_outdated)
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
            tracing::error!("the {} decoder's thread panicked", self.name);
        }
    }
}

impl Drop for ThreadedEngine {
    fn drop(&mut self) {
        self.stop();
    }
}

fn run(decoder: &mut dyn PacketDecoder, orders: &Receiver<Order>, events: &Weak<dyn Events>) {
    loop {
        match events.upgrade() {
            Some(events) => events.hungry(),
            None => return,
        }
        let Ok(order) = orders.recv() else { return };
        let Some(events) = events.upgrade() else {
            return;
        };
        let mut sink = |key, picture| events.picture(Some(key), picture);
        let result = match order {
            Order::Packet(key, packet) => decoder.decode(key, packet, &mut sink),
            Order::End => {
                if decoder.drain(&mut sink).is_ok() {
                    events.ended();
                }
                return;
            }
            Order::Stop => return,
        };
        if result.is_err() {
            return;
        }
    }
}
