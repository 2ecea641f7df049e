-- Errors in groups: what makes two errors one, their daily counts, and what is known of each group.

-- The frames of a stack as browsers write it, topmost first: V8's "at f (address:1:2)", the "f@address:1:2"
-- of Firefox and Safari, and an address alone. Lines without an address (native code) are left out, and
-- what lies deeper than 20 lines. It costs some 20 microseconds: give it each stack once.
CREATE MACRO stack_frames(stack) AS list_filter(
    list_transform(
        list_slice(string_split(coalesce(stack, ''), chr(10)), 1, 20),
        lambda line: regexp_extract(
            left(line, 500),
            '^\s*(?:at (?:(.*) \()?|([^\s@]*)@)?([A-Za-z][A-Za-z0-9+.-]*:/{2,}[^\s()]+?)(?::(\d+))?(?::(\d+))?\)?\s*$',
            ['called', 'caller', 'file', 'line', 'col'])),
    lambda frame: frame.file <> '');

-- A function's own name, "" for what minifiers and browsers make up: it changes with every build.
CREATE MACRO stack_function(frame) AS CASE
    WHEN length(regexp_replace(regexp_replace(frame.called || frame.caller,
        ' \[as .*\]$|[/<]+$', ''), '^.*[ .*/]', '')) > 2
    THEN regexp_replace(regexp_replace(frame.called || frame.caller,
        ' \[as .*\]$|[/<]+$', ''), '^.*[ .*/]', '')
    ELSE '' END;

-- Where a file lies on its host, without the hash of its contents and other numbers: the same file of
-- another build has the same.
CREATE MACRO stack_file(file) AS regexp_replace(regexp_replace(regexp_replace(
    file,
    '^[A-Za-z][A-Za-z0-9+.-]*:/{2,}[^/]*', ''),
    '[._~-][0-9A-Za-z_]*(?:[0-9][A-Za-z_]|[a-z][A-Z]|[A-Za-z_][0-9])[0-9A-Za-z_-]*(\.(?:min\.)?[a-z]{2,4})$',
    '\1'),
    '[0-9]+', '0', 'g');

-- Not of a library, of a browser's extension, or of Vigie itself.
CREATE MACRO stack_in_app(file) AS NOT regexp_matches(
    file,
    '(?i)node_modules|bower_components|[/._~-]vendors?[/._~-]|polyfill|jquery|/rum(?:-replay)?\.js|-extension:|^resource:');

-- The frames that a group goes by: the topmost two of the site's own code, or of any where it has none.
CREATE MACRO group_frames(frames) AS list_transform(
    list_slice(
        CASE
            WHEN len(list_filter(frames, lambda frame: stack_in_app(frame.file))) > 0
            THEN list_filter(frames, lambda frame: stack_in_app(frame.file))
            ELSE frames
        END, 1, 2),
    lambda frame: trim(stack_function(frame) || ' (' || stack_file(frame.file) || ')'));

-- A message with what differs from one time to the next replaced: addresses, quoted texts, and words
-- with a digit in them, which are numbers and ids.
CREATE MACRO plain_message(message) AS left(trim(regexp_replace(regexp_replace(regexp_replace(
    regexp_replace(
        coalesce(message, ''),
        '[A-Za-z][A-Za-z0-9+.-]*:/{2,}[^\s"''`<>()]+', '[address]', 'g'),
        '"[^"]*"|`[^`]*`|“[^”]*”|«[^»]*»', '[…]', 'g'),
        '(^|[^0-9A-Za-z_])''[^'']*''', '\1[…]', 'g'),
        '[0-9A-Za-z_.-]*[0-9][0-9A-Za-z_.-]*', '#', 'g')), 300);

-- 16 hex digits, of the frames' own text. Not DuckDB's hash(), which differs between its versions.
CREATE MACRO error_fingerprint(name, message, place) AS
    left(md5(concat_ws(chr(10), coalesce(name, ''), plain_message(message), place)), 16);

CREATE TABLE error_counts (          -- of all sealed sessions but bots, without personal data
    site              VARCHAR NOT NULL,
    day               DATE NOT NULL,
    fingerprint       VARCHAR NOT NULL,
    part              VARCHAR NOT NULL,   -- what its rows are by: 'all', 'level', 'release', 'page', 'browser', 'level page'
    level             VARCHAR,            -- the session's; 'undeclared' when none
    release           VARCHAR,
    page              VARCHAR,
    browser           VARCHAR,
    errors            DOUBLE NOT NULL,
    sessions          DOUBLE NOT NULL,    -- that met it that day
    errors_variance   DOUBLE NOT NULL,    -- 0 where they were counted; of estimates from what was kept of a day sealed before
    sessions_variance DOUBLE NOT NULL,
    generated         BOOLEAN NOT NULL
);

CREATE TABLE uncounted_files AS      -- sealed before there were counts: each is counted once, then leaves this list
    SELECT file, site, day, keep FROM sealed_files
    WHERE content IN ('sample', 'rest') AND dropped_at IS NULL;

CREATE TABLE error_groups (          -- every group ever seen; its texts go when its detail has gone
    site          VARCHAR NOT NULL,
    fingerprint   VARCHAR NOT NULL,
    name          VARCHAR NOT NULL,      -- the error's type
    message       VARCHAR NOT NULL,      -- plain_message
    culprit       VARCHAR NOT NULL,      -- the first of group_frames
    page          VARCHAR NOT NULL,      -- where it was seen last
    first_seen    TIMESTAMP NOT NULL,
    last_seen     TIMESTAMP NOT NULL,
    first_release VARCHAR NOT NULL,      -- "": none was named
    last_release  VARCHAR NOT NULL,
    generated     BOOLEAN NOT NULL,
    PRIMARY KEY (site, fingerprint)
);

CREATE TABLE error_resolutions (     -- one row each time somebody said that a group is resolved
    site              VARCHAR NOT NULL,
    fingerprint       VARCHAR NOT NULL,
    resolved_at       TIMESTAMP NOT NULL,
    next_release      BOOLEAN NOT NULL,  -- releases that were out by then may still meet it
    regressed_at      TIMESTAMP,         -- when it was seen again
    regressed_release VARCHAR,
    undone_at         TIMESTAMP
);

CREATE TABLE error_news (            -- groups that are new, or came back, until it is settled who is told
    site        VARCHAR NOT NULL,
    fingerprint VARCHAR NOT NULL,
    what        VARCHAR NOT NULL,        -- 'new' or 'regressed'
    noticed_at  TIMESTAMP NOT NULL,
    settled_at  TIMESTAMP,
    told        VARCHAR                  -- the channels, comma between; NULL: nobody
);

CREATE TABLE site_releases (
    site       VARCHAR NOT NULL,
    release    VARCHAR NOT NULL,
    first_seen TIMESTAMP NOT NULL,
    last_seen  TIMESTAMP NOT NULL,
    PRIMARY KEY (site, release)
);

CREATE TABLE error_watch (           -- one row: what was received until then has been looked through
    received_until TIMESTAMP NOT NULL
);
