#include <sqlite3.h>

// SQLITE_TRANSIENT is a cast that Swift cannot import: SQLite copies the bytes before the call returns.
static inline sqlite3_destructor_type canary_sqlite_transient(void) { return SQLITE_TRANSIENT; }

// sqlite3_db_config is variadic, which Swift cannot call.
static inline int canary_sqlite_configure(sqlite3 *connection, int option, int value)
{
    return sqlite3_db_config(connection, option, value, (int *)0);
}
