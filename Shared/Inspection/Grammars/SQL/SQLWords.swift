/// The words of SQL that a judge of structure must tell apart; every other word is a name.
enum SQLWord: UInt8, Sendable {
    /// `and`, `or`, `xor`: joins two conditions.
    case connective
    case not
    /// `like`, `in`, `is`, …: stands between two operands.
    case comparison
    /// `div`, `mod`, `collate`, …
    case arithmetic
    case union
    case select
    case from
    case into
    /// `where`, `having`: a condition follows.
    case condition
    /// `order`, `group`
    case ordering
    case by
    case limit
    /// Words that begin a statement, other than `select`.
    case statement
    /// What may follow a statement's first word: `table`, `from`, `into`, `database`, …
    case object
    /// `all`, `distinct`, `top`, `as`, `asc`, …: change nothing in the structure.
    case modifier
    case caseStart
    /// `when`, `then`, `else`: an operand follows.
    case caseBranch
    case end
    /// `null`, `true`, `current_user`, …
    case constant
    case exists
    /// Functions that hardly anything but SQL has.
    case function
    /// `waitfor`, `exec`, …: statements that run without a semicolon before them.
    case bareStatement
    case procedure
}

extension SQLWord {
    static let table = WordTable<SQLWord>(words)

    private static let words: [(SQLWord, String)] = [
        (.connective, "and or xor"),
        (.not, "not"),
        (
            .comparison,
            "like ilike rlike regexp glob between in is sounds similar match overlaps contains any some isnull notnull"
        ),
        (.arithmetic, "div mod collate escape binary interval at"),
        (.union, "union except intersect minus"),
        (.select, "select"), (.from, "from"), (.into, "into"), (.condition, "where having"),
        (.ordering, "order group"), (.by, "by"), (.limit, "limit offset fetch"),
        (
            .statement,
            "insert update delete drop create alter truncate declare shutdown set copy grant revoke call merge replace rename load handler use attach vacuum begin commit if while show print do lock prepare deallocate backup restore kill reconfigure goto return raise rollback analyze explain bulk"
        ),
        (.bareStatement, "waitfor exec execute"), (.procedure, "procedure"),
        (
            .object,
            "table database schema view index function trigger login role sequence tablespace column values outfile dumpfile xml immediate delay time temporary temp unique"
        ),
        (.modifier, "all distinct distinctrow top as asc desc nulls first last sql_calc_found_rows high_priority"),
        (.caseStart, "case"), (.caseBranch, "when then else"), (.end, "end"),
        (
            .constant,
            "null true false unknown current_user session_user system_user current_timestamp current_date current_time localtime localtimestamp sysdate rownum rowid pi"
        ),
        (.exists, "exists"),
        (
            .function,
            "sleep benchmark pg_sleep char chr nchar ascii unicode ord hex unhex substr substring substring_index mid char_length character_length octet_length bit_length concat concat_ws group_concat string_agg wm_concat listagg array_to_string user version database schema system_user session_user current_database current_schema db_name user_name suser_name suser_sname host_name object_name object_id col_name is_srvrolemember has_dbaccess extractvalue updatexml xmltype load_file if ifnull nullif iif isnull coalesce nvl nvl2 decode elt make_set export_set field find_in_set greatest least cast convert try_convert row row_count count sum avg randomblob zeroblob quote typeof total_changes load_extension generate_series query_to_xml database_to_xml xmlagg pg_read_file pg_ls_dir lo_import lo_export lo_get getpgusername inet_server_addr dblink_connect utl_inaddr json_keys json_extract json_depth json_length json_valid json_type json_contains json_array json_object isjson json_value json_query jsonb_typeof st_latfromgeohash st_longfromgeohash geometrycollection multipoint multipolygon linestring multilinestring polygon exp floor rand round instr locate position strcmp lpad rpad ltrim rtrim trim reverse regexp_substring regexp_replace crypt_key pg_database_size pg_client_encoding upper lower length len unistr to_char to_number tochar rawtohex dbms_utility sys_context userenv connection_id last_insert_id found_rows uuid uuid_short name_const gtid_subset gtid_subtract procedure_analyse ctxsys openrowset opendatasource xp_cmdshell stuff replicate isnumeric patindex charindex newid checksum bin conv oct to_base64 from_base64 md5 sha1 sha2 crc32 compress uncompress aes_encrypt aes_decrypt sign abs ceiling mod sqrt"
        ),
    ]

    /// What a reading cannot change a statement without, whichever way it begins.
    static let structural = spelled([.connective, .union, .select, .statement, .bareStatement, .caseStart, .ordering])
    static let clauses = spelled([.from, .into, .condition, .ordering, .limit, .procedure])
    static let operators = spelled([.comparison, .arithmetic])

    private static func spelled(_ meanings: [SQLWord]) -> [String] {
        words.filter { meanings.contains($0.0) }.flatMap { $0.1.split(separator: " ").map(String.init) }
    }

    /// Names whose mere presence in a structure that is SQL leaves no doubt.
    static let catalogue = WordTable<Bool>([
        (
            true,
            "information_schema sysobjects syscolumns sysusers sysdatabases sysusers pg_catalog pg_shadow pg_user pg_database pg_tables pg_class sqlite_master sqlite_schema sqlite_temp_master all_tables user_tables all_tab_columns user_tab_columns dual msysobjects msysaces syslogins sysibm v$version v$session dba_users xp_cmdshell xp_dirtree xp_regread xp_fileexist sp_executesql sp_password sp_addextendedproperty sp_configure sp_makewebtask sp_oacreate sp_addlogin sp_addsrvrolemember sp_help utl_http utl_inaddr dbms_java dbms_pipe dbms_lock dbms_ldap dbms_xmlgen rdb$database rdb$relations rdb$fields"
        )
    ])
}
