using System;

static class Check
{
    public static int Count { get; private set; }

    /// Ends the program at the first thing that is wrong, and says what.
    public static void Equal(string what, object expected, object got)
    {
        Count++;
        if (object.Equals(expected, got)) return;
        Console.WriteLine("{0}: expected {1}, got {2}", what, expected ?? "nothing", got ?? "nothing");
        Environment.Exit(1);
    }

    /// The exception of the given class that the call must end with.
    public static E Thrown<E>(string what, Action call) where E : Exception
    {
        try
        {
            call();
        }
        catch (E exception)
        {
            Count++;
            return exception;
        }
        Equal(what, typeof(E).Name, "an answer");
        return null;
    }
}
