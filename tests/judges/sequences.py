"""The sequences of calls that the differential judge sends to each emulator: plain boto3 calls with fixed names."""

from sequences_compute import SEQUENCES as COMPUTE
from sequences_data import SEQUENCES as DATA
from sequences_network import SEQUENCES as NETWORK
from sequences_services import SEQUENCES as SERVICES

SEQUENCES = NETWORK | COMPUTE | DATA | SERVICES
