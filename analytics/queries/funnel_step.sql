CASE WHEN {matches} THEN {bit} ELSE 0 END
