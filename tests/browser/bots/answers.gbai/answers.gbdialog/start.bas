USE KB "handbook"
ADD TOOL "track-order"
TALK "Answers ready."
