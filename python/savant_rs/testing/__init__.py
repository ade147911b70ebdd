"""What tests of programs that take video from bad networks need: packets with faults."""

from savant_rs.testing._fault_injector import FaultInjector

__all__ = ["FaultInjector"]
