-- Source maps as they were uploaded, by release; the files lie in source_maps/, named by what they hold.

CREATE TABLE source_maps (
    site        VARCHAR NOT NULL,
    release     VARCHAR NOT NULL,
    path        VARCHAR NOT NULL,     -- of the script on its host: "/assets/app-3f9a1c2b.js"
    map         VARCHAR NOT NULL,     -- SHA-256 of the map
    script      VARCHAR NOT NULL,     -- of the script as served; "" without it
    bytes       UBIGINT NOT NULL,     -- of both
    uploaded_at TIMESTAMP NOT NULL,
    PRIMARY KEY (site, release, path)
);
