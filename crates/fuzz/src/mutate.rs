//! Damage: what storage, networks and attackers do to bytes. Everything follows from the seed.

use oorandom::Rand64;

use crate::stream::Stream;

/// Most inputs are damaged in few places, so that the rest is still read.
const MAX_CHANGES: u64 = 8;
const MAX_BLOCK: u64 = 64;
/// Inputs do not grow beyond this many bytes by what is put in.
const MAX_SIZE: usize = 1 << 20;

/// Values at which lengths and counts go wrong.
const EDGES: [u32; 8] = [0, 1, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0xffff_ffff];

/// What parsers look for.
const MARKS: [&[u8]; 10] = [
    &[0, 0, 0, 1],
    &[0, 0, 1],
    &[0, 0, 3],
    &[0, 0, 0, 0],
    &[0xff, 0xd8],
    &[0xff, 0xc0],
    &[0xff, 0xda],
    b"IHDR",
    b"moov",
    &[0x1a, 0x45, 0xdf, 0xa3],
];

/// Damages inputs, each in a way of its own.
pub struct Mutator {
    random: Rand64,
}

impl Mutator {
    /// One that does the same for the same seed.
    pub fn new(seed: u128) -> Self {
        Self {
            random: Rand64::new(seed),
        }
    }

    /// One of `things`, which are not none.
    pub fn choose<'a, T>(&mut self, things: &'a [T]) -> &'a T {
        &things[self.below(things.len())]
    }

    /// Damages a stream: bytes of its packets, and which packets there are. `other` lends packets.
    pub fn stream(&mut self, stream: &mut Stream, other: &Stream) {
        for _ in 0..self.number(MAX_CHANGES) {
            let count = stream.packets.len();
            match self.below(10) {
                0 if count > 1 => drop(stream.packets.remove(self.below(count))),
                1 if count > 0 => {
                    let packet = self.choose(&stream.packets).clone();
                    stream.packets.insert(self.below(count + 1), packet);
                }
                2 if count > 1 => {
                    let (one, another) = (self.below(count), self.below(count));
                    stream.packets.swap(one, another);
                }
                3 if !other.packets.is_empty() => {
                    let packet = self.choose(&other.packets).clone();
                    stream.packets.insert(self.below(count + 1), packet);
                }
                4 if count > 0 => stream.size = self.size(),
                _ if count > 0 => {
                    let index = self.below(count);
                    let lent = other.packets.first().map_or(&[][..], Vec::as_slice);
                    self.change(&mut stream.packets[index], lent);
                }
                _ => {}
            }
        }
    }

    /// Damages bytes in some places. `other` lends blocks.
    pub fn bytes(&mut self, data: &mut Vec<u8>, other: &[u8]) {
        for _ in 0..self.number(MAX_CHANGES) {
            self.change(data, other);
        }
    }

    fn change(&mut self, data: &mut Vec<u8>, other: &[u8]) {
        if data.is_empty() {
            data.extend(other.iter().take(MAX_BLOCK as usize));
            return;
        }
        let at = self.place(data.len());
        match self.below(9) {
            0 | 1 => data[at] ^= 1 << self.below(8),
            2 => data[at] = self.below(256) as u8,
            3 => {
                let edge = self.choose(&EDGES).to_be_bytes();
                let width = 1 << self.below(3);
                overwrite(data, at, &edge[4 - width..]);
            }
            4 => {
                let mark = *self.choose(&MARKS);
                overwrite(data, at, mark);
            }
            5 => data.truncate(at),
            6 => {
                let end = (at + self.number(MAX_BLOCK)).min(data.len());
                data.drain(at..end);
            }
            7 => {
                let end = (at + self.number(MAX_BLOCK)).min(data.len());
                let block = data[at..end].to_vec();
                insert(data, at, &block);
            }
            _ if !other.is_empty() => {
                let from = self.below(other.len());
                let end = (from + self.number(MAX_BLOCK)).min(other.len());
                insert(data, at, &other[from..end]);
            }
            _ => data[at] = !data[at],
        }
    }

    /// A place in `length` bytes; half of them near the beginning, where the headers are.
    fn place(&mut self, length: usize) -> usize {
        if self.below(2) == 0 {
            self.below(length.min(64))
        } else {
            self.below(length)
        }
    }

    fn size(&mut self) -> (u16, u16) {
        let sides = [1, 2, 15, 16, 17, 64, 319, 320, 640, 1024];
        (*self.choose(&sides), *self.choose(&sides))
    }

    /// 1 to `most`, small ones more often.
    fn number(&mut self, most: u64) -> usize {
        let most = self.random.rand_range(1..most + 1);
        self.random.rand_range(1..most + 1) as usize
    }

    fn below(&mut self, end: usize) -> usize {
        self.random.rand_range(0..end as u64) as usize
    }
}

fn overwrite(data: &mut [u8], at: usize, with: &[u8]) {
    for (byte, &new) in data[at..].iter_mut().zip(with) {
        *byte = new;
    }
}

fn insert(data: &mut Vec<u8>, at: usize, block: &[u8]) {
    if data.len() < MAX_SIZE {
        data.splice(at..at, block.iter().copied());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_decides() {
        let damaged = |seed| {
            let mut data = vec![7; 100];
            Mutator::new(seed).bytes(&mut data, &[1, 2, 3]);
            data
        };
        assert_eq!(damaged(1), damaged(1));
        assert_ne!(damaged(1), damaged(2));
    }

    #[test]
    fn nothing_is_no_problem() {
        let empty = Stream::from_bytes(&[]);
        for seed in 0..1000 {
            let mut mutator = Mutator::new(seed);
            mutator.bytes(&mut Vec::new(), &[]);
            mutator.stream(&mut empty.clone(), &empty);
        }
    }
}
