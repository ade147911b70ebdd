#![no_main]

use libfuzzer_sys::fuzz_target;
use savant_fuzz::targets::Target;

fuzz_target!(|input: &[u8]| {
    Target::Reader.run(input).expect("a right outcome");
});
