//! Who reads an input. Each must come to an end without a panic, whatever the bytes are.

mod decoder;
mod headers;
mod reader;

use std::io;

use crate::corpus;
use crate::mutate::Mutator;
use crate::stream::Stream;

/// What is fed with inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Detection, inspection and header checks of packets.
    Headers,
    /// A whole decoder in software, from submit to output.
    Decoder,
    /// The reader of files.
    Reader,
}

/// How many pictures or packets came out, or what is wrong with the result.
pub type Outcome = Result<usize, String>;

impl Target {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Headers, Self::Decoder, Self::Reader];

    /// Its name on command lines and in file names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Headers => "headers",
            Self::Decoder => "decoder",
            Self::Reader => "reader",
        }
    }

    /// The target of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|target| target.name() == name)
    }

    /// Undamaged inputs.
    pub fn corpus(self) -> io::Result<Vec<Vec<u8>>> {
        match self {
            Self::Headers | Self::Decoder => corpus::streams(),
            Self::Reader => corpus::files(),
        }
    }

    /// Input number `index` of those that belong to `seed`: one of `corpus`, damaged.
    pub fn input(self, corpus: &[Vec<u8>], seed: u32, index: u64) -> Vec<u8> {
        let seed = u128::from(seed) << 96 | (self as u128) << 64 | u128::from(index);
        let mut mutator = Mutator::new(seed);
        let (mut input, other) = (mutator.choose(corpus).clone(), mutator.choose(corpus));
        match self {
            Self::Headers | Self::Decoder => {
                let mut stream = Stream::from_bytes(&input);
                mutator.stream(&mut stream, &Stream::from_bytes(other));
                stream.to_bytes()
            }
            Self::Reader => {
                mutator.bytes(&mut input, other);
                input
            }
        }
    }

    /// Reads an input to its end.
    pub fn run(self, input: &[u8]) -> Outcome {
        match self {
            Self::Headers => Ok(headers::run(input)),
            Self::Decoder => decoder::run(input),
            Self::Reader => reader::run(input),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undamaged_and_damaged_inputs_pass() {
        for target in Target::ALL {
            let corpus = target.corpus().expect("clips");
            let came = corpus.iter().map(|input| target.run(input).expect("right"));
            // One clip has a codec that is unknown here.
            assert!(came.filter(|&count| count == 0).count() <= 1, "{target:?}");
            for index in 0..20 {
                let input = target.input(&corpus, 1, index);
                target.run(&input).expect("right");
                assert_eq!(target.input(&corpus, 1, index), input);
            }
        }
    }

    #[test]
    fn names_lead_back() {
        for target in Target::ALL {
            assert_eq!(Target::from_name(target.name()), Some(target));
        }
    }
}
