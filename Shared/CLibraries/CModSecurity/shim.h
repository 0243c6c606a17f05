// libmodsecurity's C interface, the peer of `make bench-detection`.
#pragma once
#include <modsecurity/modsecurity.h>
#include <modsecurity/rules_set.h>
#include <modsecurity/transaction.h>
#include <modsecurity/intervention.h>
