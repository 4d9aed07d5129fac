-- Review by people: when a person must look, what waits for whom, what was answered, and what was decided from it.
-- A task points at scored rows and copies none of their features, so that whatever erases a row, or a column, of the
-- payload has erased it here too.

CREATE TABLE review_rule (                          -- when a person must look, and who
    subscription_id integer PRIMARY KEY REFERENCES subscription,
    enabled         boolean NOT NULL,
    reviewers       text[] NOT NULL,
    parameters      jsonb NOT NULL
);

CREATE TABLE review_form (                          -- what all tasks made under one rule and one baseline share
    form_id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subscription_id integer NOT NULL REFERENCES subscription,
    digest          text NOT NULL,
    content         jsonb NOT NULL,                 -- template, instructions, labels, distributions in training
    UNIQUE (subscription_id, digest)
);

CREATE TABLE review_task (
    task_id         text PRIMARY KEY,
    number          bigint GENERATED ALWAYS AS IDENTITY,
    subscription_id integer NOT NULL REFERENCES subscription,
    form_id         integer NOT NULL REFERENCES review_form,
    state           text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'completed', 'stopped')),
    wanted          integer NOT NULL,               -- answers; one more once reviewers differ
    answered_by     text[] NOT NULL DEFAULT '{}',   -- beside review_answer, for the queue to be quick
    created_at      timestamptz NOT NULL DEFAULT now(),
    finished_at     timestamptz
);
CREATE INDEX review_queue ON review_task (created_at, number) WHERE state = 'open';
CREATE INDEX review_task_history ON review_task (subscription_id, created_at);

CREATE TABLE review_row (                           -- a scored row that a person looks at, once
    task_id         text NOT NULL REFERENCES review_task ON DELETE CASCADE,
    position        integer NOT NULL,
    subscription_id integer NOT NULL,
    scoring_id      text COLLATE "C" NOT NULL,      -- the row's: <request>-<row number>
    record_id       bigint NOT NULL,
    row_number      integer NOT NULL,
    scored_at       timestamptz NOT NULL,
    reasons         text[] NOT NULL,
    prediction      text,                           -- as the label it stands for
    score           double precision,
    label           text,                           -- decided; NULL until then, or where nobody could tell
    decided_by      text CHECK (decided_by IN ('single', 'unanimous', 'majority', 'adjudicator')),
    feedback        text CHECK (feedback IN ('stored', 'there', 'conflict')),   -- became of the label in the feedback
    PRIMARY KEY (task_id, position),
    UNIQUE (subscription_id, scoring_id)
);
CREATE INDEX review_row_record ON review_row (record_id, row_number);

CREATE TABLE review_claim (                         -- who works on what, until when
    task_id     text NOT NULL REFERENCES review_task ON DELETE CASCADE,
    reviewer    text NOT NULL,
    accepted_at timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    draft       jsonb,
    PRIMARY KEY (task_id, reviewer)
);
CREATE INDEX review_claim_reviewer ON review_claim (reviewer);

CREATE TABLE review_answer (                        -- outlives its task: the same submission again is told the same
    reviewer     text NOT NULL,
    submission   text NOT NULL,                     -- drawn once for each form shown
    task_id      text NOT NULL,
    accepted_at  timestamptz NOT NULL,
    submitted_at timestamptz NOT NULL,
    content      jsonb,                             -- A2I's answerContent; NULL once a row of the task was erased
    first        jsonb,                             -- the answer before the prediction was shown
    PRIMARY KEY (reviewer, submission),
    UNIQUE (task_id, reviewer)
);
CREATE INDEX review_answer_reviewer ON review_answer (reviewer, submitted_at);
CREATE INDEX review_answer_time ON review_answer (submitted_at);

CREATE TABLE review_label (                         -- what each reviewer said of each row
    task_id     text NOT NULL,
    position    integer NOT NULL,
    reviewer    text NOT NULL,
    label       text,
    first_label text,                               -- before the prediction was shown
    reason      text,
    PRIMARY KEY (task_id, position, reviewer),
    FOREIGN KEY (task_id, position) REFERENCES review_row ON DELETE CASCADE
);

-- An answer is one form for all rows of its task, and so is a draft. With a row erased, what was typed can't stay, and
-- a task still open would be answered by a form that shows the row: it goes, and its other rows may be sent again.
CREATE FUNCTION review_row_erased() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE review_answer SET content = NULL, first = NULL WHERE task_id = OLD.task_id;
    DELETE FROM review_task t WHERE task_id = OLD.task_id
        AND (state = 'open' OR NOT EXISTS (SELECT FROM review_row r WHERE r.task_id = t.task_id));
    RETURN NULL;
END $$;
CREATE TRIGGER review_row_erased AFTER DELETE ON review_row FOR EACH ROW EXECUTE FUNCTION review_row_erased();

-- Where a label came from, for whoever trains on it.
CREATE VIEW reviewed_labels AS
    SELECT s.name AS subscription, r.scoring_id, r.prediction, r.score, r.reasons, r.label, r.decided_by, r.feedback,
           (SELECT array_agg(l.reviewer ORDER BY a.submitted_at) FROM review_label l
            JOIN review_answer a USING (task_id, reviewer)
            WHERE (l.task_id, l.position) = (r.task_id, r.position)) AS reviewers,
           t.finished_at AS decided_at, t.task_id
    FROM review_row r JOIN review_task t USING (task_id) JOIN subscription s ON s.subscription_id = r.subscription_id
    WHERE t.state = 'completed';
