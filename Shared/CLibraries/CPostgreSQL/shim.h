#pragma once
#include <libpq-fe.h>

// SQLSTATE and the name of the violated constraint: the PG_DIAG_* macros are character constants, which Swift imports
// as CChar or not at all depending on its version, so the two field codes we read get functions of their own.
static inline const char *infinite_result_sqlstate(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_SQLSTATE);
}
static inline const char *infinite_result_constraint(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
}
static inline const char *infinite_result_message(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
}

// libpq prints notices on stderr by default; the service's log is not libpq's to write to.
static inline void infinite_ignore_notice(void *context, const char *message) { (void)context; (void)message; }
static inline void infinite_silence_notices(PGconn *connection) {
    PQsetNoticeProcessor(connection, infinite_ignore_notice, 0);
}
