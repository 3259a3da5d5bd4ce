-- Who came when. A migration has to be safe to repeat: it may have been interrupted before it was recorded.
CREATE TABLE IF NOT EXISTS visitors (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(190) NOT NULL,
    first_seen_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    UNIQUE KEY visitors_by_name (name)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
