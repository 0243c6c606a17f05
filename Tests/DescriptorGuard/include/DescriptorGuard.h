#pragma once
// Linked for its symbol only: see DoubleClose.c.
